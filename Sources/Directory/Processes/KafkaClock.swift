package import Encoding
import Synchronization

/// Kafka's clock, as far as this process knows how much its own is ahead of it. Until that was measured it is this process's own.
package final class KafkaClock: Sendable {
    private let ahead = Atomic<Int64>(0)

    /// Nothing was measured yet.
    package init() {}

    /// - Parameter offset: milliseconds that this process's clock is ahead of Kafka's; nil keeps what is known.
    package func learn(_ offset: Int64?) {
        if let offset { ahead.store(offset, ordering: .relaxed) }
    }

    /// The time of day by it.
    package var now: Timestamp { Timestamp.now.adding(milliseconds: -ahead.load(ordering: .relaxed)) }
}
