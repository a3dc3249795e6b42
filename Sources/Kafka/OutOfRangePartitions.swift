/// Where the log of a partition is, and what its group has committed.
struct LogBounds: Sendable {
    /// From the oldest record to the next that will be written.
    let log: Range<Int64>
    /// Offset -1: nothing. Nil if that was not asked, because the position is known.
    let committed: CommitOffset?

    /// How reading goes on.
    enum RecoveryAction: Equatable {
        /// Nothing is lost.
        case goOn(at: Int64)
        /// These were deleted before they were read; what is under way goes on.
        case skip(Range<Int64>)
        /// The log ends before the position, as that of a topic made anew: these are gone, and what there is may be other records.
        case beginAgain(at: Int64, gone: Range<Int64>)
        /// Kafka could not be asked before: that is what the group has committed.
        case resume(CommitOffset)
    }

    /// - Parameter position: where reading stood: an offset, -1 for the beginning, or `Int64.min` if it was left to librdkafka.
    func recovery(from position: Int64) -> RecoveryAction {
        let known = position == .min ? committed?.offset ?? -1 : position
        if known < 0 { return .goOn(at: log.lowerBound) }
        if known < log.lowerBound { return .skip(known..<log.lowerBound) }
        if known > log.upperBound { return .beginAgain(at: log.lowerBound, gone: log.upperBound..<known) }
        if position == .min, let committed { return .resume(committed) }
        return .goOn(at: known)
    }
}

/// Partitions whose position is not in their log, and when Kafka is to be asked about them. Pure value; the caller brings the time.
struct OutOfRangePartitions {
    private struct OutOfRange {
        let epoch: UInt64
        var askAt: ContinuousClock.Instant
        var isWaiting = true
    }

    /// A partition is asked about at most this often, whatever becomes of it.
    private static let pause = Duration.seconds(1)
    private var outOfRange: [TopicPartition: OutOfRange] = [:]

    /// The partition cannot be read on under this assignment.
    mutating func add(_ partition: TopicPartition, epoch: UInt64, at now: ContinuousClock.Instant) {
        if outOfRange[partition]?.epoch == epoch {
            outOfRange[partition]?.isWaiting = true
        } else {
            // A restart makes a new epoch, and may lead to where the last one did.
            outOfRange[partition] = OutOfRange(epoch: epoch, askAt: max(now, outOfRange[partition]?.askAt ?? now))
        }
    }

    /// Those to ask about now, with their epochs. They are not given again unless added again.
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
