import Directory
import Kafka
import Topics

/// Settings of a node under test that differ from what a node does by itself.
package struct Tuning: Sendable {
    /// Copies under way for a recipient in each PUSH; nil for a node's default.
    package var pushConcurrency: Int?
    /// Calls under way to a recipient in each EXCHANGE; nil for a node's default.
    package var exchangeConcurrency: Int?
    /// Partitions of each outbox; nil for a node's default.
    package var outboxPartitions: Int?

    /// - Parameters: as the properties say.
    package init(pushConcurrency: Int? = nil, exchangeConcurrency: Int? = nil, outboxPartitions: Int? = nil) {
        self.pushConcurrency = pushConcurrency
        self.exchangeConcurrency = exchangeConcurrency
        self.outboxPartitions = outboxPartitions
    }
}
