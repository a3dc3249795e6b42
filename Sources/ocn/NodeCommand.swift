import ArgumentParser
import Logging
import Node
import Telemetry

/// `ocn node`: runs all roles of a node, or some of them.
struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node",
        abstract: "Run a node: all five roles in this process, or some of them.",
        discussion: """
            ingress   HTTP requests become records in Kafka, replies become HTTP responses
            exchange  one party to one party: calls the recipient, or its node, and returns its answer
            matcher   writes a copy of each request to the services that its sender agreed to
            push      delivers copies to services over HTTP until they are taken
            control   what happens by itself: registry file, still-alive checks, client infos; any number may run, one leads

            No role keeps anything on disk and any number of each may run. Settings come from flags, else from OCN_… environment variables, \
            else from the YAML file, else they have their defaults; what is not understood is an error. `ocn config list` explains them, \
            `ocn config check` looks at a file without starting anything.

            \(SettingsText.overview)
            """)

    @Option(help: ArgumentHelp("YAML configuration file.", valueName: "path"))
    var config: String?

    @Option(help: ArgumentHelp("Roles to run in this process, separated by commas (default: all).", valueName: "list"))
    var roles: String?

    @Option(help: ArgumentHelp("Kafka's host:port; as kafka.bootstrap.", valueName: "host:port"))
    var bootstrap: String?

    @Option(help: ArgumentHelp("Port for parties and nodes; as http.public.port.", valueName: "port"))
    var port: String?

    @Option(help: ArgumentHelp("Port for metrics, probes and the admin API; as http.private.port.", valueName: "port"))
    var privatePort: String?

    @OptionGroup var logs: LogOptions

    func run() async throws {
        let metrics = PrometheusMetrics(declared: ProgramMetrics.declarations)
        Program.bootstrap(level: logs.logLevel, metrics: metrics)
        let configuration = try NodeConfiguration.load(
            path: config,
            flags: NodeConfiguration.flags(roles: roles, bootstrap: bootstrap, port: port, privatePort: privatePort))
        let logger = Logger(label: configuration.instance)
        // Shells and service managers often set a lower limit than is permitted.
        OpenFiles.raise(to: ConnectionPlan.wantedFiles)
        let node = NodeService(configuration, metrics: metrics, logger: logger)
        try await Program.run([node], grace: configuration.shutdownGrace, hangUp: .isIgnored, logger: logger)
        logger.notice("stopped")
    }
}
