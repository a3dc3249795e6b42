import Directory
package import Kafka
package import Topics

/// The Kafka cluster of one operator.
package struct DemoCluster: Sendable {
    /// How to reach it.
    package let kafka: KafkaSettings
    /// The names of the node's topics in it.
    package let topics: TopicNames

    /// - Parameters: as the properties say.
    package init(kafka: KafkaSettings, topics: TopicNames) {
        self.kafka = kafka
        self.topics = topics
    }
}
