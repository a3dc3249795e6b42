import ArgumentParser
import Glibc
import Logging
import Soak

/// `ocn soak`: load, kills, and a ledger that must balance.
struct SoakCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak",
        abstract: "Send requests for a while, kill processes meanwhile, and show that no copy is lost or out of order.",
        discussion: """
            Starts an in-memory Kafka and every role as processes of their own, two of each but control, and parties with real HTTP \
            servers: a CPO that sends sessions and CDRs to an eMSP, and three services with an agreement, of which one is well, one fails \
            every second time and refuses some copies for good, and one hangs now and then. Every request that was answered with success \
            and every delivery goes into a ledger. At the end, after all that waits has been delivered:

              accepted copies = delivered + dead letters + expired + withheld + lost

            Exit status 1 unless the ledger adds up, nothing is lost, nothing came out of order or to somebody it was not meant for, \
            repeats are no more than the kills explain, and no process crashed. The last line says what was not so. Progress goes to \
            standard error.
            """)

    @Option(help: "How long to send.")
    var seconds: Int = 60

    @Flag(help: "Kill a process (SIGKILL) every few seconds and start another.")
    var kill = false

    @Option(help: "What is random comes out the same again for the same seed (default: another each time).")
    var seed: UInt64?

    @Option(help: "Requests each second.")
    var rate: Int = 100

    @Option(
        help: ArgumentHelp("A real Kafka; topics are created under a name of their own and deleted at the end.", valueName: "host:port"))
    var brokers: String?

    @Option(help: ArgumentHelp("Keep the processes' logs in this folder.", valueName: "path"))
    var logs: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard 1...604_800 ~= seconds else { throw ValidationError("--seconds must be between 1 and 604800") }
        guard 1...10_000 ~= rate else { throw ValidationError("--rate must be between 1 and 10000") }
    }

    func run() async throws {
        Program.bootstrap(level: .error)
        let logger = Logger(label: "soak")
        guard let cast = Cast.usual else { throw ConfigurationError(description: "the usual parties cannot be read") }
        var options = SoakOptions(seconds: seconds, seed: seed ?? UInt64(UInt32.random(in: .min ... .max)))
        options.kills = kill
        options.rate = rate
        options.brokers = brokers
        options.logs = logs
        let soak = Soak(options, host: LocalOperator(logger: logger), cast: cast) { WaitNotice.write($0) }
        let run = SingleRun { try await soak.run() }
        // Its processes are children of ours: a signal to us must not leave them behind.
        try await Program.run([run], grace: .seconds(60), logger: logger)
        guard let result = run.outcome else { throw ExitCode(130) }
        for line in json ? [result.json] : result.lines { print(line) }
        fflush(nil)
        if !result.isOK { throw ExitCode(1) }
    }
}
