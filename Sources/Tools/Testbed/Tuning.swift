import Directory
import Kafka
import Topics

/// Settings of a node under test that differ from the defaults.
package struct Tuning: Sendable {
    /// Maximum number of running copies per recipient in each PUSH process; nil for the default.
    package var pushConcurrency: Int?
    /// Maximum number of running calls per recipient in each EXCHANGE process; nil for the default.
    package var exchangeConcurrency: Int?
    /// Number of partitions of each outbox; nil for the default.
    package var outboxPartitions: Int?

    package init(pushConcurrency: Int? = nil, exchangeConcurrency: Int? = nil, outboxPartitions: Int? = nil) {
        self.pushConcurrency = pushConcurrency
        self.exchangeConcurrency = exchangeConcurrency
        self.outboxPartitions = outboxPartitions
    }
}
