/// Detects partitions that have records to read and make no progress. A value; the caller passes the time.
struct StallDetector {
    /// The state of a partition.
    struct Reading: Equatable {
        var epoch: UInt64
        /// The next offset to read.
        var position: Int64
        var commitPoint: Int64
        /// Whether the handler has paused the partition, or cannot take its records.
        var isPaused: Bool
    }

    private struct Rest {
        var reading: Reading
        var since: ContinuousClock.Instant
    }

    private let limit: Duration
    private var rests: [TopicPartition: Rest] = [:]

    /// - Parameter limit: how long a partition with waiting records may make no progress.
    init(after limit: Duration) {
        self.limit = limit
    }

    /// - Parameters:
    ///   - readings: all assigned partitions.
    ///   - ends: the known end offsets; partitions without an answer are missing.
    ///   - roundAt: when the poll thread last completed a round.
    /// - Returns: the partitions without progress for the limit, in order.
    mutating func stalls(
        _ readings: [TopicPartition: Reading], ends: [TopicPartition: Int64], roundAt: ContinuousClock.Instant,
        at now: ContinuousClock.Instant
    ) -> [Stall] {
        rests = rests.filter { readings[$0.key] != nil }
        let isHeld = now - roundAt >= limit
        var stalls: [Stall] = []
        for (partition, reading) in readings.sorted(by: { $0.key < $1.key }) {
            let lag = ends[partition].map { max(0, $0 - reading.position) }
            let isHungry = !reading.isPaused && lag != 0
            if !isHungry || rests[partition]?.reading != reading { rests[partition] = Rest(reading: reading, since: now) }
            let since = rests[partition]?.since ?? now
            if isHeld {
                stalls.append(Stall(partition: partition, since: min(since, roundAt), lag: lag, cause: .threadHeld))
            } else if isHungry, now - since >= limit {
                stalls.append(Stall(partition: partition, since: since, lag: lag, cause: .notRead))
            }
        }
        return stalls
    }
}
