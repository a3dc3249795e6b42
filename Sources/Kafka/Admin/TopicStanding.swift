/// The present state of a topic.
package struct TopicStanding: Sendable, Equatable {
    /// The number of partitions.
    package var partitions: Int
    /// The number of partitions without a leader, which can be neither read nor written.
    package var withoutLeader: Int
    /// The smallest replication factor of its partitions.
    package var replicas: Int
    /// The smallest number of in-sync replicas of its partitions.
    package var inSync: Int
    /// The largest number of in-sync replicas of its partitions.
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
