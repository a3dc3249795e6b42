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
