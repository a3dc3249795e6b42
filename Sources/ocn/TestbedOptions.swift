import ArgumentParser
import Fuzz
import Glibc
import Logging
import Node
import Soak
import Testbed

extension SoakResult: TestbedResult {}
extension FuzzResult: TestbedResult {}

/// The options of `ocn soak` and `ocn fuzz`: duration, Kafka, logs and output.
struct TestbedOptions: ParsableArguments {
    @Option(help: "How long to send, seconds.")
    var seconds: Int = 60

    @Option(
        help: ArgumentHelp("A real Kafka; topics are created under a name of their own and deleted at the end.", valueName: "host:port"),
        transform: OperatorText.brokers)
    var brokers: String?

    @Option(help: ArgumentHelp("Keep the processes' logs in this folder.", valueName: "path"))
    var logs: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard 1...604_800 ~= seconds else { throw ValidationError("--seconds must be between 1 and 604800") }
    }

    /// A random seed.
    static var anySeed: UInt64 { UInt64(UInt32.random(in: .min ... .max)) }

    /// Runs and prints the result. The exit status is 1 if the result is not OK, 130 if the run was interrupted.
    func run<Outcome: TestbedResult>(
        _ name: String, _ body: @escaping @Sendable (_ host: NodeOperator) async throws -> Outcome
    ) async throws {
        Program.bootstrap(level: .error)
        let logger = Logger(label: name)
        let run = OneShotService { try await body(LocalOperator(logger: logger).nodeOperator) }
        // Its processes are children of ours: a signal to us must not leave them behind.
        try await Program.run([run], grace: .seconds(60), hangUp: .stops, logger: logger)
        guard let result = run.outcome else { throw ExitCode(130) }
        for line in json ? [result.json] : result.lines { print(line) }
        fflush(nil)
        if !result.isOK { throw ExitCode(1) }
    }
}
