import Directory
package import Kafka
package import Topics

/// A configured node.
package struct PreparedNode: Sendable {
    /// The configuration of its processes: `OCN_…`.
    package let environment: [String: String]
    /// The key of its admin API.
    package let adminToken: String
    /// The connection to its Kafka.
    package let kafka: KafkaSettings
    /// Its topics.
    package let topics: TopicNames

    package init(environment: [String: String], adminToken: String, kafka: KafkaSettings, topics: TopicNames) {
        self.environment = environment
        self.adminToken = adminToken
        self.kafka = kafka
        self.topics = topics
    }
}
