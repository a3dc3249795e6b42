package import Encoding
import Synchronization

/// Kafka's clock, derived from this process's clock and the measured offset. Before the first measurement it equals this process's clock.
package final class KafkaClock: Sendable {
    private let ahead = Atomic<Int64>(0)

    /// No measurement yet.
    package init() {}

    /// - Parameter offset: milliseconds that this process's clock is ahead of Kafka's; nil keeps the last value.
    package func learn(_ offset: Int64?) {
        if let offset { ahead.store(offset, ordering: .relaxed) }
    }

    /// The present time of Kafka's clock.
    package var now: Timestamp { Timestamp.now.adding(milliseconds: -ahead.load(ordering: .relaxed)) }
}
