/// A topic to be created.
package struct NewTopic: Sendable, Equatable {
    /// Topic name.
    package var name: String
    /// The number of partitions; at least 1.
    package var partitions: Int
    /// The replication factor; -1 leaves it to the broker.
    package var replication: Int
    /// Topic settings such as `retention.ms`; the broker's default for missing ones.
    package var config: [String: String]

    package init(name: String, partitions: Int, replication: Int, config: [String: String] = [:]) {
        self.name = name
        self.partitions = partitions
        self.replication = replication
        self.config = config
    }
}
