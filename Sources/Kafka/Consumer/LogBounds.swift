/// The bounds of a partition's log, and the group's committed offset.
struct LogBounds: Sendable {
    /// The offset of the oldest record up to that of the next one to be written.
    let log: Range<Int64>
    /// Offset -1 without one. Nil if it was not queried, because the position is known.
    let committed: CommitOffset?

    /// How to continue reading.
    enum RecoveryAction: Equatable {
        /// No record is lost.
        case goOn(at: Int64)
        /// These records were deleted before they were read; records in progress continue.
        case skip(Range<Int64>)
        /// The log ends before the position, as after the topic was created again: these offsets are gone, and existing offsets may hold
        /// other records.
        case beginAgain(at: Int64, gone: Range<Int64>)
        /// The committed offset, which could not be fetched before.
        case resume(CommitOffset)
    }

    /// - Parameter position: the position of reading: an offset, -1 for the beginning, or `Int64.min` if it was left to librdkafka.
    func recovery(from position: Int64) -> RecoveryAction {
        let known = position == .min ? committed?.offset ?? -1 : position
        if known < 0 { return .goOn(at: log.lowerBound) }
        if known < log.lowerBound { return .skip(known..<log.lowerBound) }
        if known > log.upperBound { return .beginAgain(at: log.lowerBound, gone: log.upperBound..<known) }
        if position == .min, let committed { return .resume(committed) }
        return .goOn(at: known)
    }
}
