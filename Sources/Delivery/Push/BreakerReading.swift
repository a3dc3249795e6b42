import Directory
import Kafka
import NIOCore

/// The state of a recipient's breaker that is not closed.
struct BreakerReading: Sendable, Equatable {
    var state: BreakerState
    /// When the breaker was last closed.
    let since: NIODeadline
}
