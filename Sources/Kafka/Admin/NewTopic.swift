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
