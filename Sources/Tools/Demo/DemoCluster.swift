import Directory
package import Kafka
package import Topics

/// The Kafka cluster of one operator.
package struct DemoCluster: Sendable {
    /// The connection to it.
    package let kafka: KafkaSettings
    /// The names of the node's topics.
    package let topics: TopicNames

    package init(kafka: KafkaSettings, topics: TopicNames) {
        self.kafka = kafka
        self.topics = topics
    }
}
