import ArgumentParser
import Directory
import Encoding
import Logging
import Node
import OCPI
import Operations
import Topics

/// `ocn outbox`: shows outboxes and gives orders about them.
struct OutboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "outbox",
        abstract: "See what waits for each service; pause, resume and rewind.",
        discussion: """
            Works on the node's Kafka directly: it needs the node's configuration file. Orders are carried out by the node's processes \
            with the role push, also by those that start later.

            Examples:
              ocn outbox --config node.yaml
              ocn outbox list --config node.yaml --recipient DE-BIL --json
              ocn outbox pause --config node.yaml DE-BIL
              ocn outbox resume --config node.yaml DE-BIL
              ocn outbox rewind --config node.yaml DE-BIL --to 2h --dry-run
              ocn outbox rewind --config node.yaml DE-BIL --to 2026-11-22T13:30:00Z
            """,
        subcommands: [List.self, Pause.self, Resume.self, Rewind.self], defaultSubcommand: List.self)
}

extension SharedResources {
    func outboxes(_ configuration: NodeConfiguration, _ logger: Logger) -> Outboxes {
        Outboxes(kafka: kafka, topics: configuration.topics, admin: admin, store: store, writer: writer, logger: logger)
    }
}

extension OutboxCommand {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show every outbox: what waits, since when, how fast it goes, and what stops it.",
            discussion: """
                BACKLOG is what the role push has not finished; for a service that reads its topic by itself, what the consumer group that \
                is furthest behind has not read. OLDEST is how long the first record that waits has been in Kafka. RATE is measured over \
                --sample by what push commits.

                STATE: sending; paused (ocn outbox pause); no worker (no process with the role push owns any of its partitions: one that \
                was killed counts until its session ends); rebalancing (the processes are settling who sends it); breaker open or half-open \
                (calls failed); unknown (this Kafka does not tell: the in-memory one cannot, another one may not be allowed to). For topics \
                that services read by themselves there is none.
                """)
        @Option(help: ArgumentHelp("Only this service.", valueName: "CC-PID"), transform: RegistryCommand.party) var recipient: PartyID?
        @Option(
            help: ArgumentHelp("How long to watch for the rate, at most 1h; 0s for none. (default: 250ms)", valueName: "duration"),
            transform: { try OperatorText.duration($0, upTo: "1h") })
        var sample: Duration = .milliseconds(250)
        @Option(
            name: .customLong("reader-group"),
            help: ArgumentHelp(
                "A consumer group of a service that reads its topic by itself; may be repeated. If left out, Kafka is asked which there are.",
                valueName: "name"))
        var readerGroups: [String] = []
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            try await options.work("outbox") { shared, configuration, logger in
                let found = try await shared.outboxes(configuration, logger).list(recipient, sample: sample, readerGroups: readerGroups)
                if options.json { return print(JSONValue.array(found.map { $0.json(now: .now) }).text) }
                for line in OutboxText.list(found, now: .now) { print(line) }
            }
        }
    }

    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send nothing to a service until resume.",
            discussion: """
                Copies wait in the outbox meanwhile. The horizon goes on: what waits longer than push.horizon_hours becomes a dead letter \
                after resume. Other services are not touched.
                """)
        @Argument(help: "The service, e.g. DE-BIL.", transform: RegistryCommand.party) var recipient: PartyID
        @OptionGroup var options: OperatorOptions

        func run() async throws { try await OutboxCommand.order(recipient, isPaused: true, options) }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Go on sending to a service.")
        @Argument(help: "The service, e.g. DE-BIL.", transform: RegistryCommand.party) var recipient: PartyID
        @OptionGroup var options: OperatorOptions

        func run() async throws { try await OutboxCommand.order(recipient, isPaused: false, options) }
    }

    static func order(_ recipient: PartyID, isPaused: Bool, _ options: OperatorOptions) async throws {
        try await options.work("outbox") { shared, configuration, logger in
            let hasChanged = try await shared.outboxes(configuration, logger).setPaused(recipient, isPaused)
            if options.json {
                let report: JSONValue = [
                    "recipient": .string(recipient.canonical.description), "paused": .bool(isPaused), "changed": .bool(hasChanged),
                ]
                return print(report.text)
            }
            print(OutboxText.order(recipient, isPaused: isPaused, hasChanged: hasChanged))
            guard shared.store.directory.service(recipient) == nil else { return }
            let outbox = configuration.topics.outbox(recipient)
            print("note: \(recipient) has published no service; this is about what is in \(outbox)")
        }
    }

    struct Rewind: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send a service again what it was sent since a given time.",
            discussion: """
                By the time at which Kafka got the copies. They keep their ids, so a service recognises what it has already had; those \
                past the horizon become dead letters. A partition with nothing at or after that time, or that has not come as far, stays \
                where it is: nothing that waits is passed over. Needs Apache Kafka: the in-memory one finds no records by time.

                The order stands until every partition has carried it out, also if nothing with the role push runs at the moment.
                """)
        @Argument(help: "The service, e.g. DE-BIL.", transform: RegistryCommand.party) var recipient: PartyID
        @Option(
            help: ArgumentHelp("Since when, e.g. 2026-11-22T13:30:00Z, or 2h for two hours ago.", valueName: "time"),
            transform: OperatorText.time)
        var to: Timestamp
        @Flag(help: "Only say what would be done.") var dryRun = false
        @Option(
            help: ArgumentHelp("How long to wait until it is carried out, at most 1d. (default: 30s)", valueName: "duration"),
            transform: { try OperatorText.duration($0, upTo: "1d") })
        var wait: Duration = .seconds(30)
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            try await options.work("outbox") { shared, configuration, logger in
                let outboxes = shared.outboxes(configuration, logger)
                let plan = try await outboxes.plan(recipient, to: to)
                if !options.json {
                    for step in plan.steps { print(step.description) }
                }
                guard !dryRun else {
                    return print(options.json ? plan.json.text : "would send \(plan.again) records again")
                }
                let rewind = try await outboxes.rewind(plan)
                if wait > .seconds(2) { WaitNotice.write("waiting until every partition has carried it out") }
                let open = try await outboxes.wait(for: rewind, plan, timeout: wait)
                if options.json {
                    let report: JSONValue = [
                        "id": .string(rewind.id), "plan": plan.json, "unanswered": .array(open.map { .number(String($0)) }),
                    ]
                    print(report.text)
                } else if open.isEmpty {
                    print("carried out on all partitions; about \(plan.again) records are sent again")
                } else {
                    print(
                        "no answer yet for \(open.map { "partition \($0)" }.joined(separator: ", ")) of "
                            + "\(configuration.topics.outbox(recipient)): does a process with the role push run? The order stands; "
                            + "ocn outbox list shows when it is carried out.")
                }
                guard open.isEmpty else { throw ExitCode.failure }
            }
        }
    }
}
