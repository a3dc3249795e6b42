import Admin
import ArgumentParser
import Directory
import Encoding
import Kafka
import NIOCore
import OCPI
import Topics

/// What replay and discard have in common.
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
            let index = try await letters.index(progress: WaitNotice("reading dead letters").tell)
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
                case .replayed: try await letters.replay(copies, by: name, progress: WaitNotice("replaying copies").tell)
                case .discarded: await letters.discard(copies, by: name, progress: WaitNotice("discarding copies").tell)
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
        for line in OperatorText.table(DeadText.rows(first[...])) { print(line) }
    }

    private func report(_ outcome: DeadLetters.Outcome, _ kind: DeadResolution.Kind, of count: Int, json: Bool) {
        if json { return print(outcome.json.text) }
        print("\(kind.rawValue) \(outcome.copies) of \(count) copies (\(outcome.letters) dead letters)")
        if outcome.expired > 0 { print("\(outcome.expired) expired before their turn") }
        if outcome.unresolved > 0 {
            print("\(outcome.unresolved) were put back, but that could not be noted: they are put back again by the next replay")
        }
        for failure in outcome.failures { print("not done: \(failure)") }
        for refusal in outcome.refusals { print("refused: \(refusal)") }
        if !outcome.refusals.isEmpty { print("No node can have written what is refused. It is still a dead letter: discard it.") }
        if !outcome.failures.isEmpty { print("What is not done is still a dead letter: run the same command again.") }
    }
}

/// Dead letters for people and programs.
enum DeadText {
    /// Why a list is empty.
    static func nothing(in index: DeadLetterIndex, _ filter: DeadLetterFilter) -> String {
        guard index.count > 0 else { return "There are no dead letters." }
        let open = index.letters(DeadLetterFilter()).count
        let resolved = "\(index.count - open) are resolved (replayed or discarded); --resolved shows them"
        guard open > 0 || filter.includesResolved else { return "No dead letter is open: all \(resolved)." }
        let meant = filter.includesResolved ? index.count : open
        var text = "None of \(meant) \(filter.includesResolved ? "" : "open ")dead letters matches"
        if !filter.includesResolved, index.count > open { text += "; \(resolved)" }
        return text + "."
    }

    /// What there is to say where nothing is to be replayed or discarded.
    /// - Throws: if a copy is named by its id: then somebody expects that something is done.
    static func nothingToDo(
        _ kind: DeadResolution.Kind, in index: DeadLetterIndex, _ filter: DeadLetterFilter
    ) throws(OperatorError) -> String {
        let nothing = "Nothing was \(kind.rawValue)"
        guard let id = filter.copyID else { return "\(nothing). \(DeadText.nothing(in: index, filter))" }
        let shown = OperatorText.printable(id)
        let known = index.letters(DeadLetterFilter(copyID: id, includesResolved: true))
        guard let last = known.last else {
            throw OperatorError(
                description: "there is no dead letter of copy '\(shown)'. \(nothing). ocn dead list --resolved shows those there are.")
        }
        guard let resolution = last.resolution, known.allSatisfy({ $0.resolution != nil }) else {
            throw OperatorError(
                description: "the dead letter of copy '\(shown)' is not among those that the other filters mean. \(nothing).")
        }
        let fate = "copy '\(shown)' was \(describe(resolution))"
        // Doing it again is not wrong; wanting the opposite is.
        guard resolution.kind == kind else { throw OperatorError(description: "\(fate). \(nothing).") }
        return "\(fate). \(nothing) again."
    }

    static func rows(_ letters: ArraySlice<DeadLetter>) -> [[String]] {
        [["DIED", "RECIPIENT", "CAUSE", "TRIES", "HTTP", "OCPI", "FROM", "REQUEST", "COPY ID"]]
            + letters.map { letter in
                [
                    letter.diedAt.description, letter.recipient.description,
                    OperatorText.printable(letter.resolution.map { "\(letter.cause) (\($0.kind.rawValue))" } ?? letter.cause),
                    String(letter.attempts), letter.lastHTTPStatus.map(String.init) ?? "-", letter.lastStatus.map(String.init) ?? "-",
                    letter.sender.description, OperatorText.printable(letter.request), OperatorText.printable(letter.copyID),
                ]
            }
    }

    static func full(_ letter: DeadLetter, _ record: IncomingRecord?) -> String {
        let at = "partition \(letter.place.partition), offset \(letter.place.offset)"
        var rows: [[String]] = [["copy", letter.copyID]]
        rows.append(["request", "\(letter.request) from \(letter.sender) for \(letter.recipient)"])
        rows.append(["accepted", letter.time.description])
        rows.append(["died", letter.diedAt.description])
        rows.append(["cause", letter.cause])
        rows.append(["attempts", String(letter.attempts)])
        rows.append(["last HTTP status", letter.lastHTTPStatus.map(String.init) ?? "none"])
        rows.append(["last status_code", letter.lastStatus.map(String.init) ?? "none"])
        rows.append(["stands at", at])
        rows.append(["key", letter.key ?? "none"])
        rows.append(["resolved", letter.resolution.map(describe) ?? "no"])
        guard let record else { return lines(rows) + "(expired meanwhile)\n" }
        rows.append(["headers", ""])
        for header in record.headers.fields { rows.append(["  \(header.name)", header.value]) }
        rows.append(["body", "\(letter.bytes) bytes"])
        return lines(rows) + OperatorText.printable(record.value.map { String(buffer: $0) } ?? "", lines: true) + "\n"
    }

    private static func describe(_ resolution: DeadResolution) -> String {
        let what = "\(resolution.kind.rawValue) at \(resolution.at)"
        return resolution.by.isEmpty ? what : "\(what) by \(OperatorText.printable(resolution.by))"
    }

    private static func lines(_ rows: [[String]]) -> String {
        OperatorText.table(rows.map { row in row.map { OperatorText.printable($0) } }).map { $0 + "\n" }.joined()
    }

    static func json(_ letter: DeadLetter, _ record: IncomingRecord?) -> JSONValue {
        .object([
            "dead_letter": letter.json,
            "headers": record.map { record in
                .array(record.headers.fields.map { ["name": .string($0.name), "value": .string($0.value)] })
            },
            "body": record?.value.map { .string(String(buffer: $0)) },
        ])
    }
}
