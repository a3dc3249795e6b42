/// A topic as Kafka describes it.
package struct TopicDescription: Sendable, Equatable {
    /// Topic name.
    package var name: String
    /// The number of partitions.
    package var partitions: Int
    /// The smallest replication factor of its partitions; 0 if unknown.
    package var replication: Int
    /// All settings, defaults included; empty on an embedded cluster, which has none.
    package var config: [String: String]

    package init(name: String, partitions: Int, replication: Int = 0, config: [String: String]) {
        self.name = name
        self.partitions = partitions
        self.replication = replication
        self.config = config
    }
}
