import ArgumentParser
import Bench
import Glibc
import Logging
import Node

/// `ocn bench`: measurements on this machine.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure a node on this machine.",
        discussion: """
            Each measurement starts a node with a process for every role, and parties with real HTTP servers. Everything shares this \
            machine, so only what is compared within one run says something: without and with what is tried, in turn.
            """,
        subcommands: [Isolation.self])
}

extension BenchCommand {
    /// `ocn bench isolation`.
    struct Isolation: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "isolation",
            abstract: "Show that an unresponsive recipient does not delay the others.",
            discussion: """
                Many recipients, each of which is called by others and also gets copies as a service; requests arrive at a constant rate, \
                whatever becomes of those before. Rounds in which everybody answers and rounds in which the last recipient takes \
                connections and never answers take turns on the same node.

                Printed for all other recipients, with and without the hanging one: how long it took from when a request was due until \
                its answer, and until its copy arrived (p50, p95, p99, max), and how many a second; the ratio of the two, and how much \
                rounds of the same kind differ among themselves. Then how many calls the hanging one held at most.

                Exit status 1 unless with the hanging one p99 is at most 10 % longer, throughput at most 10 % lower, the hanging one was \
                called and never held more calls than it may, at least 95 % of the requests could be sent, and no process crashed. \
                Progress goes to standard error. If something is wrong, the processes' logs are kept, and it says where. For numbers to \
                keep use a release build, nothing else on the machine, and more --seconds and --rounds.
                """)

        @Option(help: "Requests per second. Each goes to one recipient, with a copy to another.")
        var rate: Int = 200

        @Option(help: "Measured seconds of each round.")
        var seconds: Int = 20

        @Option(help: ArgumentHelp("Seconds of each round before the measurement.", valueName: "seconds"))
        var warmUp: Int = 5

        @Option(help: "Number of recipients, unresponsive ones included.")
        var recipients: Int = 100

        @Option(help: "Number of unresponsive recipients.")
        var hang: Int = 1

        @Option(help: "Number of rounds without unresponsive recipients, and of rounds with them.")
        var rounds: Int = 2

        @Option(
            help: ArgumentHelp(
                "A real Kafka; topics are created under a name of their own and deleted at the end. Without it an in-memory one is started.",
                valueName: "host:port"), transform: OperatorText.brokers)
        var brokers: String?

        @Option(help: ArgumentHelp("Keep the processes' logs in this folder in any case.", valueName: "path"))
        var logs: String?

        @Flag(help: "Print one JSON object.")
        var json = false

        func validate() throws {
            guard 1...10_000 ~= rate else { throw ValidationError("--rate must be between 1 and 10000") }
            guard 1...86_400 ~= seconds else { throw ValidationError("--seconds must be between 1 and 86400") }
            guard 0...3600 ~= warmUp else { throw ValidationError("--warm-up must be between 0 and 3600") }
            guard 2...1000 ~= recipients else { throw ValidationError("--recipients must be between 2 and 1000") }
            guard 1..<recipients ~= hang else { throw ValidationError("--hang must be at least 1 and less than --recipients") }
            guard 1...100 ~= rounds else { throw ValidationError("--rounds must be between 1 and 100") }
        }

        func run() async throws {
            Program.bootstrap(level: .error)
            let logger = Logger(label: "bench")
            var options = IsolationOptions()
            options.rate = rate
            options.seconds = seconds
            options.warmUp = warmUp
            options.recipients = recipients
            options.hanging = hang
            options.rounds = rounds
            options.brokers = brokers
            options.logs = logs
            let isolation = try Bench.Isolation(options, host: LocalOperator(logger: logger).nodeOperator) { WaitNotice.write($0) }
            // Its processes are children of ours: a signal to us must not leave them behind.
            let run = OneShotService { try await isolation.run() }
            try await Program.run([run], grace: .seconds(60), hangUp: .stops, logger: logger)
            guard let result = run.outcome else { throw ExitCode(130) }
            for line in json ? [result.json] : result.lines { print(line) }
            fflush(nil)
            if !result.isOK { throw ExitCode(1) }
        }
    }
}
