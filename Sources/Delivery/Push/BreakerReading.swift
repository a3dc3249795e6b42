import Directory
import Kafka
import NIOCore

/// How a recipient's breaker stands that is not closed.
struct BreakerReading: Sendable, Equatable {
    var state: BreakerState
    /// When it was closed last.
    let since: NIODeadline
}
