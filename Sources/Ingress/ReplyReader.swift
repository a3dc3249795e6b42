import CoreMetrics
import Dispatch
import Kafka
import Logging
import Topics

/// Reads this process's partition of `ocn.replies` and gives each reply to the caller that waits for it.
///
/// By assignment, without a group, from the end: earlier replies belong to earlier lives. Two processes on one partition do no harm,
/// each drops what is not its own.
struct ReplyReader: Sendable {
    private let reader: PartitionReader

    init(_ kafka: KafkaSettings, topics: TopicNames, partition: Int32, pending: PendingReplies, metrics: IngressMetrics, logger: Logger) {
        reader = PartitionReader(
            kafka, topic: topics.replies, partitions: [partition], start: .end, logger: logger,
            onBatch: { ReplyReader.deliver($0, to: pending, metrics, logger) },
            onEnd: { _, _ in },
            onError: { logger.error("reading ocn.replies failed", metadata: ["error": "\($0)"]) })
    }

    /// Returns when every reply written from now on will be read. The reader blocks while it asks Kafka for the end, so a thread that may
    /// block does that.
    func start() async throws(KafkaError) {
        let outcome: Result<Void, KafkaError> = await withCheckedContinuation { started in
            DispatchQueue(label: "ocn.replies.start").async {
                started.resume(returning: Result { () throws(KafkaError) in try reader.start() })
            }
        }
        try outcome.get()
    }

    func stop() async { await reader.stop() }

    static func deliver(_ batch: [IncomingRecord], to pending: PendingReplies, _ metrics: IngressMetrics, _ logger: Logger) {
        for record in batch {
            do throws(RecordError) {
                pending.deliver(try ReplyRecord(record))
            } catch {
                metrics.unreadableReplies.increment()
                logger.warning("unreadable record in ocn.replies", metadata: ["offset": "\(record.offset)", "error": "\(error)"])
            }
        }
    }
}
