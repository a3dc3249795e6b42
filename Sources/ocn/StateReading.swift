import Directory
import Kafka
import Logging
import Topics

/// Reads a node's shared memory once. Creates nothing and writes nothing.
enum StateReading {
    /// What `ocn.state` says now; nil if there is no such topic.
    static func directory(_ configuration: NodeConfiguration, logger: Logger) async throws -> Directory? {
        do {
            return try await KafkaAdmin.with(configuration.kafka, logger: logger) { try await read(configuration, $0, logger) }
        } catch {
            throw RefusedProperties.explain(error, configuration.kafka.properties)
        }
    }

    private static func read(_ configuration: NodeConfiguration, _ admin: KafkaAdmin, _ logger: Logger) async throws -> Directory? {
        let isEmbedded = try await SharedResources.isEmbedded(admin, configuration)
        guard try await admin.listTopics()[configuration.topics.state] != nil else { return nil }
        let kafka = isEmbedded ? configuration.kafka.tunedForEmbeddedCluster : configuration.kafka
        let store = StateStore(kafka: kafka, topics: configuration.topics, secrets: configuration.secrets, logger: logger)
        try await store.start()
        let isRead = await store.ready(timeout: .seconds(60))
        await store.stop()
        guard isRead else {
            throw OperatorError(description: "\(configuration.topics.state) could not be read within 60 s; is Kafka overloaded?")
        }
        return store.directory
    }
}
