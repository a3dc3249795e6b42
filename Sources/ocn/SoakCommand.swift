import ArgumentParser
import Node
import Soak

/// `ocn soak`: sends load, kills processes, and checks that no copy is lost.
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

    @OptionGroup var testbed: TestbedOptions

    @Flag(help: "Kill a process (SIGKILL) every few seconds and start another.")
    var kill = false

    @Option(help: "Seed of the random decisions (default: random; it is printed).")
    var seed: UInt64?

    @Option(help: "Requests per second.")
    var rate: Int = 100

    func validate() throws {
        guard 1...10_000 ~= rate else { throw ValidationError("--rate must be between 1 and 10000") }
    }

    func run() async throws {
        guard let participants = SoakParticipants.usual else { throw ConfigurationError(description: "the usual parties cannot be read") }
        var options = SoakOptions(seconds: testbed.seconds, seed: seed ?? TestbedOptions.anySeed)
        options.kills = kill
        options.rate = rate
        options.brokers = testbed.brokers
        options.logs = testbed.logs
        try await testbed.run("soak") { [options] host in
            try await Soak(options, host: host, participants: participants) { WaitNotice.write($0) }.run()
        }
    }
}
