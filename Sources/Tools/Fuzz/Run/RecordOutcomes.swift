import Kafka
import Logging
import Synchronization
import Topics

/// Reads replies and dead letters to find the outcomes of records by their ids.
final class RecordOutcomes: Sendable {
    private let reader: PartitionReader

    private final class Box: Sendable {
        let seen = Mutex<[String: Oversized.RecordOutcome]>([:])
    }

    private let box: Box

    /// - Throws: `KafkaError` of a cluster that cannot be read.
    init(_ kafka: KafkaSettings, _ topics: TopicNames) async throws {
        let silent = Logger(label: "fuzz.outcomes") { _ in SwiftLogNoOpLogHandler() }
        let counts = try await KafkaAdmin.with(kafka, logger: silent) { try await $0.listTopics() }
        let partitions = [topics.replies, topics.dead].flatMap { topic in
            (0..<Int32(clamping: counts[topic] ?? 0)).map { TopicPartition(topic: topic, partition: $0) }
        }
        let box = Box()
        self.box = box
        reader = PartitionReader(
            kafka, partitions: partitions, start: .beginning, logger: silent,
            onBatch: { batch in for record in batch { Self.note(record, topics, box) } }, onEnd: { _, _ in })
        try await reader.start()
    }

    /// The outcome of a record; nil if there is none yet.
    func outcome(of id: String) -> Oversized.RecordOutcome? { box.seen.withLock { $0[id] } }

    func stop() async { await reader.stop() }

    private static func note(_ record: IncomingRecord, _ topics: TopicNames, _ box: Box) {
        if record.topic == topics.dead, !DeadResolution.isResolution(record), let dead = try? DeadRecord(record) {
            box.seen.withLock { $0[dead.copy.id] = .dead }
        } else if record.topic == topics.replies, let reply = try? ReplyRecord(record), reply.outcome != .answered {
            box.seen.withLock { $0[reply.requestID] = .refused }
        }
    }
}
