import ArgumentParser
import Encoding
import Glibc
import Logging
import Node

/// Options of the commands that work on a node's Kafka without a running node.
struct OperatorOptions: ParsableArguments {
    @Option(help: ArgumentHelp("YAML configuration file of the node.", valueName: "path"))
    var config: String?

    @Option(help: ArgumentHelp("Kafka's host:port; as kafka.bootstrap.", valueName: "host:port"))
    var bootstrap: String?

    @Flag(help: "Print JSON.") var json = false

    /// Connects to the node's Kafka, calls `body`, and disconnects. It creates no topics, because without topics there is nothing to work
    /// on.
    func work(_ name: String, _ body: (SharedResources, NodeConfiguration, Logger) async throws -> Void) async throws {
        Program.bootstrap(level: .warning)
        let logger = Logger(label: name)
        let configuration = try NodeConfiguration.load(path: config, flags: NodeConfiguration.flags(bootstrap: bootstrap))
        let shared = try await SharedResources.open(configuration, missingTopics: .refused, logger: logger)
        do {
            try await body(shared, configuration, logger)
        } catch {
            await shared.close()
            throw error
        }
        await shared.close()
    }
}
