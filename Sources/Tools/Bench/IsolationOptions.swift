/// The options of ``Isolation``.
package struct IsolationOptions: Sendable {
    /// Requests per second, independent of the outcome of earlier ones.
    package var rate = 200
    /// Measured seconds of each round.
    package var seconds = 20
    /// Seconds of each round before the measurement.
    package var warmUp = 5
    /// Number of recipients, unresponsive ones included.
    package var recipients = 100
    /// Number of unresponsive recipients.
    package var hanging = 1
    /// Number of rounds without unresponsive recipients, and of rounds with them.
    package var rounds = 2
    /// `host:port` of a real Kafka; nil for an in-memory Kafka in its own process.
    package var brokers: String?
    /// Folder for the processes' logs; nil for a temporary one that is deleted after a successful run.
    package var logs: String?

    /// The default options.
    package init() {}
}
