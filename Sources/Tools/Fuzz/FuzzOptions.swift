/// What to send for how long.
package struct FuzzOptions: Sendable {
    /// How long to send.
    package var seconds: Int
    /// The same cases come again for the same seed.
    package var seed: UInt64
    /// Where input goes.
    package var surfaces: [Surface] = Surface.allCases
    /// Only this case of the only surface; nil for as many as the time allows.
    package var onlyCase: Int?
    /// `host:port` of a real Kafka; nil for one in memory, in a process of its own.
    package var brokers: String?
    /// Folder for the processes' logs.
    package var logs: String?

    /// - Parameters: as the properties say.
    package init(seconds: Int, seed: UInt64) {
        self.seconds = seconds
        self.seed = seed
    }

    /// How long what a node keeps may fill up before it counts as growth.
    var warmUp: Duration { .seconds(min(60, Double(seconds) / 3)) }
}
