import Kafka

/// The delivery state of an outbox.
package enum OutboxState: String, Sendable, CaseIterable {
    /// The service reads the topic itself.
    case topic
    /// An operator paused it.
    case paused
    /// None of its partitions is assigned to a process with the role push.
    case noWorker = "no worker"
    /// The group of PUSH is rebalancing.
    case rebalancing
    /// The breaker of a worker is open: it makes no calls.
    case breakerOpen = "breaker open"
    /// The breaker of a worker is half-open: it makes a few probes.
    case breakerHalfOpen = "breaker half-open"
    /// Waiting records are being sent.
    case sending
    /// Kafka does not answer which processes send.
    case unknown
}
