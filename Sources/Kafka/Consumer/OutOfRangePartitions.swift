/// Partitions whose position is not in their log, and when to query Kafka about them. A value; the caller passes the time.
struct OutOfRangePartitions {
    private struct OutOfRange {
        let epoch: UInt64
        var askAt: ContinuousClock.Instant
        var isWaiting = true
    }

    /// The shortest interval between two queries about a partition.
    private static let pause = Duration.seconds(1)
    private var outOfRange: [TopicPartition: OutOfRange] = [:]

    /// Adds a partition that cannot be read under this assignment.
    mutating func add(_ partition: TopicPartition, epoch: UInt64, at now: ContinuousClock.Instant) {
        if outOfRange[partition]?.epoch == epoch {
            outOfRange[partition]?.isWaiting = true
        } else {
            // A restart makes a new epoch, and may end at the same position as the last one.
            outOfRange[partition] = OutOfRange(epoch: epoch, askAt: max(now, outOfRange[partition]?.askAt ?? now))
        }
    }

    /// The partitions to query now, with their epochs. Each is returned once per `add`.
    mutating func due(at now: ContinuousClock.Instant) -> [TopicPartition: UInt64] {
        var due: [TopicPartition: UInt64] = [:]
        for (partition, outOfRangePartition) in outOfRange where outOfRangePartition.isWaiting && outOfRangePartition.askAt <= now {
            due[partition] = outOfRangePartition.epoch
            outOfRange[partition]?.isWaiting = false
            outOfRange[partition]?.askAt = now + Self.pause
        }
        return due
    }
}
