package import Kafka
package import Logging
package import OCPI
package import Topics

/// The in-memory cluster with all topics a node needs: it has no CreateTopics, so they must be there before anybody asks.
package enum EmbeddedBroker {
    /// Starts one broker.
    package static func start(
        names: TopicNames, settings: TopicSettings = TopicSettings(), services: [PartyID], logger: Logger
    ) throws -> EmbeddedCluster {
        let cluster = try EmbeddedCluster(logger: logger)
        for topic in settings.fixedTopics(names) { try cluster.createTopic(topic.name, partitions: topic.partitions) }
        for service in services {
            let topic = settings.outboxTopic(names, service)
            try cluster.createTopic(topic.name, partitions: topic.partitions)
        }
        return cluster
    }
}
