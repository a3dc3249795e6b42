import Kafka

/// How an outbox is getting on, in a word.
package enum OutboxState: String, Sendable, CaseIterable {
    /// The service reads the topic by itself.
    case topic
    /// An operator paused it.
    case paused
    /// No process with the role push owns any of its partitions.
    case noWorker = "no worker"
    /// The processes with the role push are settling who sends it.
    case rebalancing
    /// A worker makes no calls: too many failed.
    case breakerOpen = "breaker open"
    /// A worker makes a few calls, to see whether the service is back.
    case breakerHalfOpen = "breaker half-open"
    /// What waits is being sent.
    case sending
    /// Kafka does not say whether anybody sends.
    case unknown
}
