import ArgumentParser
import Directory
import Encoding
import Kafka
import Node
import OCPI
import Operations
import Topics

/// The common part of replay and discard.
struct DeadAct: ParsableArguments {
    @Flag(help: "Every dead letter that is not resolved; instead of a filter.") var all = false
    @Flag(help: "Only say what would be done.") var dryRun = false
    @Option(help: ArgumentHelp("Who does this, noted beside it; user@host if left out.", valueName: "name")) var by: String?

    func validate(_ selection: DeadSelection) throws {
        if selection.filter().isEmpty, !all {
            throw ValidationError("say which: --recipient, --cause, --since, --until or --id; or --all for every one")
        }
        if !selection.filter().isEmpty, all { throw ValidationError("--all and filters exclude each other") }
    }

    func run(_ kind: DeadResolution.Kind, _ selection: DeadSelection, _ options: OperatorOptions) async throws {
        try await options.work("dead") { shared, configuration, logger in
            let letters = shared.deadLetters(configuration, logger)
            let index = try await letters.index(progress: WaitNotice("reading dead letters").report)
            let matching = index.letters(selection.filter())
            if matching.isEmpty {
                let answer = try DeadText.nothingToDo(kind, in: index, selection.filter())
                if !options.json { return print(answer) }
            }
            let copies = index.copies(of: Array(matching.prefix(selection.limit ?? matching.count)))
            let directory = shared.store.directory
            let withheld =
                kind == .replayed
                ? copies.count { !directory.hasAgreement(user: $0.letter.sender, provider: $0.letter.recipient) } : 0
            if dryRun {
                let missing = kind == .replayed ? try await letters.missingOutboxes(of: copies) : []
                return describe(kind, copies, withheld: withheld, missing: missing, json: options.json)
            }
            if withheld > 0 {
                WaitNotice.write("\(withheld) of \(copies.count) copies have no agreement any more: PUSH will withhold them")
            }
            let name = by ?? OperatorText.operatorName
            let outcome =
                switch kind {
                case .replayed: try await letters.replay(copies, by: name, progress: WaitNotice("replaying copies").report)
                case .discarded: await letters.discard(copies, by: name, progress: WaitNotice("discarding copies").report)
                }
            report(outcome, kind, of: copies.count, json: options.json)
            guard outcome.failures.isEmpty, outcome.refusals.isEmpty, outcome.unresolved == 0 else { throw ExitCode.failure }
        }
    }

    private func describe(_ kind: DeadResolution.Kind, _ copies: [DeadCopy], withheld: Int, missing: [PartyID], json: Bool) {
        let first = copies.prefix(10).map(\.letter)
        let letters = copies.reduce(0) { $0 + $1.letters.count }
        let recipients = Dictionary(grouping: copies, by: \.letter.recipient).mapValues(\.count).sorted { $0.key < $1.key }
        if json {
            let report: JSONValue = .object([
                "dry_run": true, "copies": .number(String(copies.count)), "dead_letters": .number(String(letters)),
                "recipients": .array(
                    recipients.map { ["recipient": .string($0.key.description), "copies": .number(String($0.value))] }),
                "without_agreement": kind == .replayed ? .number(String(withheld)) : nil,
                "without_outbox": .array(missing.map { .string($0.description) }), "first": .array(first.map(\.json)),
            ])
            return print(report.text)
        }
        let verb = kind == .replayed ? "replay" : "discard"
        print("would \(verb) \(copies.count) copies (\(letters) dead letters)")
        for (recipient, count) in recipients { print("  \(recipient): \(count)") }
        for recipient in missing { print("\(recipient) has no outbox: this would be refused until its service is published again") }
        if withheld > 0 { print("\(withheld) have no agreement any more: PUSH would withhold them") }
        guard !first.isEmpty else { return }
        print(first.count < copies.count ? "the first \(first.count):" : "these:")
        for line in TextTable.lines(DeadText.rows(first[...])) { print(line) }
    }

    private func report(_ outcome: DeadLetters.Outcome, _ kind: DeadResolution.Kind, of count: Int, json: Bool) {
        if json { return print(outcome.json.text) }
        print("\(kind.rawValue) \(outcome.copies) of \(count) copies (\(outcome.letters) dead letters)")
        if outcome.expired > 0 { print("\(outcome.expired) expired before their turn") }
        if outcome.unresolved > 0 {
            print("\(outcome.unresolved) were put back, but could not be marked as replayed: the next replay puts them back again")
        }
        for failure in outcome.failures { print("not done: \(failure)") }
        for refusal in outcome.refusals { print("refused: \(refusal)") }
        if !outcome.refusals.isEmpty { print("No node can have written what is refused. It is still a dead letter: discard it.") }
        if !outcome.failures.isEmpty { print("What is not done is still a dead letter: run the same command again.") }
    }
}
