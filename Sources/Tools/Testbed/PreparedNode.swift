import Directory
package import Kafka
package import Topics

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
