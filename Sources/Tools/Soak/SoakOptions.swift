/// The options of a run.
package struct SoakOptions: Sendable {
    /// How long to send, seconds.
    package var seconds: Int
    /// Whether processes are killed.
    package var kills = false
    /// Seed of all random decisions. Their effect still depends on the processes' timing.
    package var seed: UInt64
    /// Requests per second.
    package var rate = 100
    /// Number of objects used at a time; each has at most one running request.
    package var objects = 120
    /// Number of waiting copies at which sending pauses. The in-memory Kafka keeps about 5 MB per partition, read or not.
    package var backlog = 2000
    /// Timeout for the remaining copies at the end.
    package var drain = Duration.seconds(120)
    /// `host:port` of a real Kafka; nil for an in-memory Kafka in its own process.
    package var brokers: String?
    /// Folder for the processes' logs.
    package var logs: String?

    package init(seconds: Int, seed: UInt64) {
        self.seconds = seconds
        self.seed = seed
    }
}
