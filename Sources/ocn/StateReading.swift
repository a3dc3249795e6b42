import Directory
import Kafka
import Logging
import Node
import Topics

/// Reads a node's state once. Creates and writes nothing.
enum StateReading {
    /// The contents of `ocn.state`; nil if there is no such topic.
    static func directory(_ configuration: NodeConfiguration, logger: Logger) async throws -> Directory? {
        do {
            return try await KafkaAdmin.with(configuration.kafka, logger: logger) { try await read(configuration, $0, logger) }
        } catch {
            throw RefusedProperties.explain(error, configuration.kafka.properties)
        }
    }

    private static func read(_ configuration: NodeConfiguration, _ admin: KafkaAdmin, _ logger: Logger) async throws -> Directory? {
        let isEmbedded = try await SharedResources.isEmbedded(admin, configuration)
        let topic = configuration.topics.state
        guard try await admin.listTopics(with: [topic])[topic] != nil else {
            guard try await admin.mayBeHidden(topic) else { return nil }
            throw OperatorError(description: "\(MissingRight("Describe", .topic(topic))). Nothing is known of the node without it")
        }
        let kafka = isEmbedded ? configuration.kafka.tunedForEmbeddedCluster : configuration.kafka
        let store = StateStore(kafka: kafka, topics: configuration.topics, secrets: configuration.secrets, logger: logger)
        try await store.start()
        let result: Result<Void, any Error>
        do {
            result = .success(try await SharedResources.readToTheEnd(kafka, "\(topic)") { await store.ready(timeout: $0) })
        } catch {
            result = .failure(error)
        }
        await store.stop()
        try result.get()
        return store.directory
    }
}
