/// Notices partitions that have something to read and do not get on. Pure value; the caller brings the time.
struct StallDetector {
    /// Where a partition stands.
    struct Reading: Equatable {
        var epoch: UInt64
        /// The next offset to read.
        var position: Int64
        var commitPoint: Int64
        /// The handler wants no records of it now, or cannot take them.
        var isPaused: Bool
    }

    private struct Rest {
        var reading: Reading
        var since: ContinuousClock.Instant
    }

    private let limit: Duration
    private var rests: [TopicPartition: Rest] = [:]

    /// - Parameter limit: how long a partition may rest although something waits.
    init(after limit: Duration) {
        self.limit = limit
    }

    /// - Parameters:
    ///   - readings: all partitions that are assigned now.
    ///   - ends: the ends that are known now; one that is missing could not be learned.
    ///   - roundAt: when the reading thread last came round.
    /// - Returns: those that have stood still for the limit, in order.
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
