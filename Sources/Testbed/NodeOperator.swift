package import Directory
package import Kafka
package import OCPI
package import Topics

/// What is to be prepared before processes can start.
package struct Site: Sendable {
    /// Kafka's address.
    package let bootstrap: String
    /// What topic names begin with.
    package let prefix: String
    /// The node's public URL, without a trailing slash.
    package let publicURL: String
    /// Services that get an outbox.
    package let services: [PartyID]
    /// What stands in the registry besides the node itself, by the node's operator address.
    package let registry: @Sendable (_ operatorAddress: String) -> [Fact]
    /// How the node is set.
    package let tuning: Tuning
}

/// Settings of a node under test that differ from what a node does by itself.
package struct Tuning: Sendable {
    /// Copies under way for a recipient in each PUSH; nil for a node's default.
    package var pushConcurrency: Int?
    /// Calls under way to a recipient in each EXCHANGE; nil for a node's default.
    package var exchangeConcurrency: Int?
    /// Partitions of each outbox; nil for a node's default.
    package var outboxPartitions: Int?

    /// - Parameters: as the properties say.
    package init(pushConcurrency: Int? = nil, exchangeConcurrency: Int? = nil, outboxPartitions: Int? = nil) {
        self.pushConcurrency = pushConcurrency
        self.exchangeConcurrency = exchangeConcurrency
        self.outboxPartitions = outboxPartitions
    }
}

/// A node that was prepared.
package struct PreparedNode: Sendable {
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
package protocol NodeOperator: Sendable {
    /// Makes keys and a configuration, creates the topics and writes the registry.
    func prepare(_ site: Site) async throws -> PreparedNode
    /// Deletes the topics of a node whose processes have stopped.
    func cleanUp(_ node: PreparedNode) async throws
}
