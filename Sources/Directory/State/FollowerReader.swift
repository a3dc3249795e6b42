package import Kafka
package import Logging
import Synchronization

/// Reads the node's compacted topics, partition 0 of each, on one Kafka client for all their followers.
///
/// Followers attach before it starts. Thread-safe.
package final class FollowerReader: Sendable {
    /// The handlers of one topic's log; called on the reader's own thread.
    struct Callbacks: Sendable {
        let onBatch: @Sendable ([IncomingRecord]) -> Void
        let onEnd: @Sendable (_ next: Int64) -> Void
        let onRestart: @Sendable () -> Void
    }

    /// By topic.
    private final class Followers: Sendable {
        private let byTopic = Mutex<[String: Callbacks]>([:])

        subscript(_ topic: String) -> Callbacks? { byTopic.withLock { $0[topic] } }

        func attach(_ topic: String, _ callbacks: Callbacks) { byTopic.withLock { $0[topic] = callbacks } }
    }

    private let followers: Followers
    private let reader: PartitionReader

    /// - Parameters:
    ///   - kafka: the cluster's settings.
    ///   - topics: the topics, read from their beginning.
    ///   - logger: receives failures.
    package init(kafka: KafkaSettings, topics: [String], logger: Logger) {
        let followers = Followers()
        self.followers = followers
        reader = PartitionReader(
            kafka, partitions: topics.map { TopicPartition(topic: $0, partition: 0) }, start: .beginning, logger: logger,
            onBatch: { batch in
                var rest = batch[...]
                while let topic = rest.first?.topic {
                    let same = rest.prefix { $0.topic == topic }
                    rest = rest.dropFirst(same.count)
                    followers[topic]?.onBatch(Array(same))
                }
            },
            onEnd: { followers[$0.topic]?.onEnd($1) },
            onRestart: { followers[$0.topic]?.onRestart() })
    }

    /// Starts reading, after querying the topics' first offsets.
    package func start() async throws(KafkaError) { try await reader.start() }

    /// Stops reading.
    package func stop() async { await reader.stop() }

    func attach(_ topic: String, _ callbacks: Callbacks) { followers.attach(topic, callbacks) }

    func latestOffset(of topic: String, timeout: Duration) async throws(KafkaError) -> Int64 {
        try await reader.latestOffset(TopicPartition(topic: topic, partition: 0), timeout: timeout)
    }

    func endOffset(of topic: String, timeout: Duration) throws(KafkaError) -> Int64 {
        try reader.endOffset(TopicPartition(topic: topic, partition: 0), timeout: timeout)
    }
}
