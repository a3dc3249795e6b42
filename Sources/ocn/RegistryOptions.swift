import ArgumentParser
import Directory
import Encoding
import Kafka
import Logging
import Node
import OCPI
import Registry
import Topics

/// Options of every registry command.
struct RegistryOptions: ParsableArguments {
    @Option(help: ArgumentHelp("YAML configuration file of the node.", valueName: "path"))
    var config: String?

    @Option(help: ArgumentHelp("Kafka's host:port; as kafka.bootstrap.", valueName: "host:port"))
    var bootstrap: String?

    func configuration() throws -> NodeConfiguration {
        Program.bootstrap(level: .warning)
        return try NodeConfiguration.load(path: config, flags: NodeConfiguration.flags(bootstrap: bootstrap))
    }

    /// Connects to the node's Kafka, calls `work` to edit the registry, and disconnects.
    /// - Parameters:
    ///   - missingTopics: the first entry of a node may be written before the node runs; for any other command, missing topics mean a wrong
    ///     prefix.
    ///   - isRemoval: entries left in `ocn.state` can be removed even if the registry is now a file.
    func edit<Value>(
        missingTopics: MissingTopics = .refused, isRemoval: Bool = false, _ work: (RegistryEditor) async throws -> Value
    ) async throws -> Value {
        let configuration = try configuration()
        if let file = configuration.registryFile, !isRemoval {
            throw OperatorError(description: "this node's registry is the file \(file): edit that file instead. Nothing was changed.")
        }
        let shared = try await SharedResources.open(configuration, missingTopics: missingTopics, logger: Logger(label: "registry"))
        do {
            let editor = RegistryEditor(
                writer: shared.writer, store: shared.store, topics: shared.topicProvisioner, registryFile: configuration.registryFile)
            let value = try await work(editor)
            await shared.close()
            return value
        } catch {
            await shared.close()
            throw RegistryText.refusal(error)
        }
    }

    /// Removes an entry and prints what was removed with it.
    func remove(_ name: String, _ work: (RegistryEditor) async throws -> [Fact]) async throws {
        for line in RegistryText.removed(name, with: try await edit(isRemoval: true, work)) { print(line) }
    }
}
