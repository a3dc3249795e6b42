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
