import ArgumentParser
import Demo
import Glibc
import Logging
import Node
import Telemetry

/// `ocn demo`: the billing scenario on this machine.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Run the billing scenario: two nodes, two CPOs, an eMSP and a billing service, each a real HTTP server.",
        discussion: """
            Runs on in-memory Kafka clusters, one per node, on loopback; nothing to install and nothing is kept. \
            Exit status 1 and the reason if a step fails.
            """)

    @Flag(help: "Keep everything running and print URLs, tokens and ready-to-paste curl and kcat commands.")
    var keepRunning = false

    @Flag(help: "Print one JSON object per line.")
    var json = false

    @Option(
        help: "How much the nodes log to standard error: trace, debug, info, notice, warning, error, critical.", transform: readLogLevel)
    var logLevel: Logger.Level = .error

    func run() async throws {
        let metrics = PrometheusMetrics(declared: ProgramMetrics.declarations)
        Program.bootstrap(level: logLevel, metrics: metrics)
        let color = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == nil
        let cluster = LocalDemoCluster(metrics: metrics)
        let result = await runDemo(starter: cluster.starter, options: DemoOptions(json: json, keepRunning: keepRunning, color: color)) {
            line in
            print(line)
            fflush(nil)
        }
        if !result.ok { throw ExitCode(1) }
    }
}
