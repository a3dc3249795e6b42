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
