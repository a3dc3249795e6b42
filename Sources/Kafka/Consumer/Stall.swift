/// A partition that has something to read and does not get on.
package struct Stall: Sendable, Equatable, CustomStringConvertible {
    /// What kept it, as far as a member can tell.
    package enum Cause: Sendable, Equatable {
        /// Nothing comes: its leader does not answer, what it answers cannot be read, or commits are refused and reading waits for them.
        case notRead
        /// The member's own thread does not come round: the handler, or a rebalance, holds it.
        case threadHeld
    }

    /// Which.
    package let partition: TopicPartition
    /// Since when neither its position nor its commit point has moved.
    package let since: ContinuousClock.Instant
    /// Records that wait to be read; nil if Kafka did not say.
    package let lag: Int64?
    /// Why.
    package let cause: Cause

    /// `topic[partition], 12 records wait`.
    package var description: String {
        let waiting = lag.map { "\($0) records wait" } ?? "its end is unknown"
        return "\(partition), \(cause == .threadHeld ? "the reading thread is held, " : "")\(waiting)"
    }
}
