/// A topic to be created.
package struct NewTopic: Sendable, Equatable {
    /// Topic name.
    package var name: String
    /// At least 1.
    package var partitions: Int
    /// Copies of each partition; -1 leaves it to the broker.
    package var replication: Int
    /// Topic settings such as `retention.ms`; the broker's own where absent.
    package var config: [String: String]

    /// - Parameters: as the properties say.
    package init(name: String, partitions: Int, replication: Int, config: [String: String] = [:]) {
        self.name = name
        self.partitions = partitions
        self.replication = replication
        self.config = config
    }
}

/// How a topic stands at the moment.
package struct TopicStanding: Sendable, Equatable {
    /// How many partitions it has.
    package var partitions: Int
    /// Partitions that can be neither read nor written, because no broker leads them.
    package var withoutLeader: Int
    /// Copies of each partition, of the one that has the fewest.
    package var replicas: Int
    /// Replicas that are in sync, of the partition that has the fewest.
    package var inSync: Int
    /// Replicas that are in sync, of the partition that has the most.
    package var inSyncAtBest: Int

    /// - Parameter inSyncAtBest: nil if all partitions have as many.
    package init(partitions: Int, withoutLeader: Int = 0, replicas: Int = 1, inSync: Int = 1, inSyncAtBest: Int? = nil) {
        self.partitions = partitions
        self.withoutLeader = withoutLeader
        self.replicas = replicas
        self.inSync = inSync
        self.inSyncAtBest = inSyncAtBest ?? inSync
    }
}

/// What Kafka says of a topic.
package struct TopicDescription: Sendable, Equatable {
    /// Topic name.
    package var name: String
    /// How many partitions it has now.
    package var partitions: Int
    /// How many copies its partitions have, the least of them; 0 if unknown.
    package var replication: Int
    /// All its settings, defaults included; empty on an embedded cluster, which keeps none.
    package var config: [String: String]

    /// - Parameters: as the properties say.
    package init(name: String, partitions: Int, replication: Int = 0, config: [String: String]) {
        self.name = name
        self.partitions = partitions
        self.replication = replication
        self.config = config
    }
}
