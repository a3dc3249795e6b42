/// A partition that has records to read and makes no progress.
package struct Stall: Sendable, Equatable, CustomStringConvertible {
    /// The cause, as far as a member can tell.
    package enum Cause: Sendable, Equatable {
        /// No records arrive: the leader does not answer, its answer cannot be read, or commits are refused and reading waits for them.
        case notRead
        /// The poll thread does not complete its round: the handler, or a rebalance, blocks it.
        case threadHeld
    }

    /// The partition.
    package let partition: TopicPartition
    /// When its position or commit point last changed.
    package let since: ContinuousClock.Instant
    /// The number of records that wait to be read; nil if Kafka did not report it.
    package let lag: Int64?
    /// The cause.
    package let cause: Cause

    /// `topic[partition], 12 records wait`.
    package var description: String {
        let waiting = lag.map { "\($0) records wait" } ?? "the end of the partition is unknown"
        return "\(partition), \(cause == .threadHeld ? "the poll thread is blocked, " : "")\(waiting)"
    }
}
