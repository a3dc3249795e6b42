/// The options of a run.
package struct FuzzOptions: Sendable {
    /// How long to send, seconds.
    package var seconds: Int
    /// The seed, which determines the cases.
    package var seed: UInt64
    /// The surfaces to send to.
    package var surfaces: [Surface] = Surface.allCases
    /// The number of a single case of the only surface; nil for as many as the time allows.
    package var onlyCase: Int?
    /// `host:port` of a real Kafka; nil for an in-memory Kafka in its own process.
    package var brokers: String?
    /// Folder for the processes' logs.
    package var logs: String?

    package init(seconds: Int, seed: UInt64) {
        self.seconds = seconds
        self.seed = seed
    }

    /// The time in which the node's caches may fill up before larger memory counts as growth.
    var warmUp: Duration { .seconds(min(60, Double(seconds) / 3)) }
}
