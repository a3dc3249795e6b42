package import Kafka
package import Topics

/// What to do for how long.
package struct SoakOptions: Sendable {
    /// How long to send.
    package var seconds: Int
    /// Kill processes now and then.
    package var kills = false
    /// What is random comes out the same again for the same seed; how it meets the processes' own timing does not.
    package var seed: UInt64
    /// Requests each second.
    package var rate = 100
    /// Objects in play at a time; each has one request under way at most.
    package var objects = 120
    /// Copies that may wait before sending pauses. The in-memory Kafka keeps about 5 MB for a partition, read or not.
    package var backlog = 2000
    /// How long what waits at the end may take.
    package var drain = Duration.seconds(120)
    /// `host:port` of a real Kafka; nil for one in memory, in a process of its own.
    package var brokers: String?
    /// Folder for the processes' logs.
    package var logs: String?

    /// - Parameters: as the properties say.
    package init(seconds: Int, seed: UInt64) {
        self.seconds = seconds
        self.seed = seed
    }
}

/// What is to be prepared before processes can start.
package struct SoakSite: Sendable {
    /// Kafka's address.
    package let bootstrap: String
    /// What topic names begin with.
    package let prefix: String
    /// The node's public URL, without a trailing slash.
    package let publicURL: String
    /// Who takes part.
    package let cast: Cast
    /// Copies under way for a recipient in each PUSH.
    package let pushConcurrency: Int
}

/// A node that was prepared.
package struct SoakNode: Sendable {
    /// What configures its processes: `OCN_…`.
    package let environment: [String: String]
    /// Key of its admin API.
    package let adminToken: String
    /// How to reach its Kafka.
    package let kafka: KafkaSettings
    /// Its topics.
    package let topics: TopicNames

    /// - Parameters: as the properties say.
    package init(environment: [String: String], adminToken: String, kafka: KafkaSettings, topics: TopicNames) {
        self.environment = environment
        self.adminToken = adminToken
        self.kafka = kafka
        self.topics = topics
    }
}

/// The operator of the node under test: who knows how a node is configured. The program is it.
package protocol SoakOperator: Sendable {
    /// Makes keys and a configuration, creates the topics and writes the registry.
    func prepare(_ site: SoakSite) async throws -> SoakNode
    /// Deletes the topics of a node whose processes have stopped.
    func cleanUp(_ node: SoakNode) async throws
}
