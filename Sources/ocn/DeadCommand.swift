import ArgumentParser
import Directory
import Encoding
import Kafka
import Logging
import NIOCore
import Node
import OCPI
import Operations
import Topics

/// `ocn dead`: works on dead letters.
struct DeadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead",
        abstract: "List, show, replay and discard copies that could not be delivered.",
        discussion: """
            Works on the node's Kafka directly: it needs the node's configuration file but no running node. Every command reads the whole \
            of ocn.dead, where dead letters stay for 30 days. Times are like 2026-11-22T13:30:00Z, or 90m, 12h, 3d for so long ago.

            Examples:
              ocn dead list --config node.yaml --recipient DE-BIL --since 12h
              ocn dead show --config node.yaml 4f0c…
              ocn dead replay --config node.yaml --cause expired --dry-run
              ocn dead replay --config node.yaml --cause expired
              ocn dead discard --config node.yaml --until 2026-11-01T00:00:00Z
            """,
        subcommands: [List.self, Show.self, Replay.self, Discard.self])
}

extension SharedResources {
    func deadLetters(_ configuration: NodeConfiguration, _ logger: Logger) -> DeadLetters {
        DeadLetters(kafka: kafka, topics: configuration.topics, admin: admin, producer: producer, logger: logger)
    }
}

extension DeadCommand {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show dead letters, oldest first.",
            discussion: """
                Resolved ones (replayed or discarded) are left out. Without --limit the first 50 are shown; replay and discard take, \
                with the same filters and the same --limit, what is shown here.
                """)
        @OptionGroup var selection: DeadSelection
        @Flag(help: "Resolved ones too.") var resolved = false
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            try await options.work("dead") { shared, configuration, logger in
                let index = try await shared.deadLetters(configuration, logger).index(progress: WaitNotice("reading dead letters").report)
                let matching = index.letters(selection.filter(resolved: resolved))
                let shown = matching.prefix(selection.limit ?? 50)
                if options.json {
                    let report: JSONValue = [
                        "matching": .int(matching.count), "total": .int(index.count), "unreadable": .int(index.unreadable),
                        "dead_letters": .array(shown.map(\.json)),
                    ]
                    return print(report.text)
                }
                if matching.isEmpty {
                    print(DeadText.nothing(in: index, selection.filter(resolved: resolved)))
                } else {
                    for line in TextTable.lines(DeadText.rows(shown)) { print(line) }
                }
                if shown.count < matching.count {
                    print("\(shown.count) of \(matching.count), oldest first; --limit shows more")
                }
                if index.unreadable > 0 { print("\(index.unreadable) records of \(configuration.topics.dead) could not be read") }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one dead letter in full: headers, cause, attempts, last status, body.",
            discussion: "A copy can have several dead letters; all are shown, resolved ones too.")
        @Argument(help: "The copy's id, as list shows it.") var id: String
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            try await options.work("dead") { shared, configuration, logger in
                let letters = shared.deadLetters(configuration, logger)
                let index = try await letters.index(progress: WaitNotice("reading dead letters").report)
                let found = index.letters(DeadLetterFilter(copyID: id, includesResolved: true))
                guard !found.isEmpty else {
                    throw OperatorError(
                        description: "there is no dead letter of copy '\(id)'; ocn dead list --resolved shows those there are")
                }
                var report: [JSONValue] = []
                for letter in found {
                    let record = try await letters.record(of: letter)
                    if options.json {
                        report.append(DeadText.json(letter, record))
                    } else {
                        print(DeadText.full(letter, record))
                    }
                }
                if options.json { print(JSONValue.array(report).text) }
            }
        }
    }

    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put copies back into their outboxes.",
            discussion: """
                Copies keep their ids and their order, and have the whole horizon again; a service recognises by the id what it has \
                already had. They are queued behind what waits now, so a later copy of the same object may have arrived before.

                Safe to repeat: what was replayed is not replayed again. Only if this command dies, or Kafka fails, after a copy was put \
                back and before that was noted, the next replay puts it back once more, under the same id; so do two replays at once.
                """)
        @OptionGroup var selection: DeadSelection
        @OptionGroup var act: DeadAct
        @OptionGroup var options: OperatorOptions

        func validate() throws { try act.validate(selection) }

        func run() async throws { try await act.run(.replayed, selection, options) }
    }

    struct Discard: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Mark dead letters as settled: their copies are never delivered.",
            discussion: "They stay in ocn.dead until they expire and are shown by list --resolved.")
        @OptionGroup var selection: DeadSelection
        @OptionGroup var act: DeadAct
        @OptionGroup var options: OperatorOptions

        func validate() throws { try act.validate(selection) }

        func run() async throws { try await act.run(.discarded, selection, options) }
    }
}
