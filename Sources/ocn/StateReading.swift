import Directory
import Kafka
import Logging
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
            result = .success(try await readToTheEnd(kafka, "\(topic)") { await store.ready(timeout: $0) })
        } catch {
            result = .failure(error)
        }
        await store.stop()
        try result.get()
        return store.directory
    }

    /// Waits until followers have read everything; fails at once if Kafka denies them access.
    /// - Parameters:
    ///   - topics: the topics, for messages.
    ///   - isReady: waits for at most the given time.
    static func readToTheEnd(_ kafka: KafkaSettings, _ topics: String, isReady: (Duration) async -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if await isReady(.milliseconds(500)) { return }
            try Task.checkCancellation()
            if let right = kafka.missingRights.current.first { throw ConfigurationError(description: "\(topics) cannot be read: \(right)") }
        }
        throw ConfigurationError(description: "\(topics) could not be read within 60 s; is Kafka overloaded?")
    }
}
