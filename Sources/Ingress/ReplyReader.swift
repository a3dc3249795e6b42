import Instruments
import Kafka
import Logging
import Topics

/// Reads this process's partition of `ocn.replies` and passes each reply to the waiting caller.
///
/// The partition is assigned without a group and read from the end, because earlier replies belong to earlier runs. Two processes may share
/// a partition: each drops the other's replies.
struct ReplyReader: Sendable {
    private let reader: PartitionReader

    init(_ kafka: KafkaSettings, topics: TopicNames, partition: Int32, pending: PendingReplies, metrics: IngressMetrics, logger: Logger) {
        let log = ThrottledLog(logger)
        reader = PartitionReader(
            kafka, topic: topics.replies, partitions: [partition], start: .end, logger: logger,
            onBatch: { ReplyReader.deliver($0, to: pending, metrics, log) },
            onEnd: { _, _ in })
    }

    /// Returns when every reply written from now on will be read.
    func start() async throws(KafkaError) { try await reader.start() }

    func stop() async { await reader.stop() }

    static func deliver(_ batch: [IncomingRecord], to pending: PendingReplies, _ metrics: IngressMetrics, _ log: ThrottledLog) {
        for record in batch {
            do throws(RecordError) {
                pending.deliver(try ReplyRecord(record))
            } catch {
                metrics.unusedReplies.increment(.unreadable)
                log.log(
                    .warning, "unreadable", "unreadable record in ocn.replies",
                    metadata: ["offset": "\(record.offset)", "error": "\(error)"])
            }
        }
    }
}
