/// What to do for how long.
package struct SoakOptions: Sendable {
    /// How long to send.
    package var seconds: Int
    /// Kill processes now and then.
    package var kills = false
    /// What is random comes out the same again for the same seed; how it meets the processes' own timing does not.
    package var seed: UInt64
    /// Requests each second.
    package var rate = 100
    /// Objects in play at a time; each has one request under way at most.
    package var objects = 120
    /// Copies that may wait before sending pauses. The in-memory Kafka keeps about 5 MB for a partition, read or not.
    package var backlog = 2000
    /// How long what waits at the end may take.
    package var drain = Duration.seconds(120)
    /// `host:port` of a real Kafka; nil for one in memory, in a process of its own.
    package var brokers: String?
    /// Folder for the processes' logs.
    package var logs: String?

    /// - Parameters: as the properties say.
    package init(seconds: Int, seed: UInt64) {
        self.seconds = seconds
        self.seed = seed
    }
}
