import Kafka
import Logging
import NIOCore
import Support
import Synchronization

/// A member of a group that writes down what it gets and finishes what it is told to.
final class Member: GroupHandler {
    struct Seen: Sendable {
        var records: [IncomingRecord] = []
        var assignments = 0
        var errors: [KafkaError] = []
    }

    private let state = Mutex(Seen())
    private let finishes: @Sendable (IncomingRecord) -> Bool

    /// - Parameter finishes: which records end at once; the others are left unfinished.
    init(_ finishes: @escaping @Sendable (IncomingRecord) -> Bool = { _ in true }) {
        self.finishes = finishes
    }

    var seen: Seen { state.withLock { $0 } }

    /// Offsets of a partition in the order in which they came.
    func offsets(_ partition: Int32) -> [Int64] { seen.records.filter { $0.partition == partition }.map(\.offset) }

    /// Joins a group with commits as the roles make them.
    func join(
        _ group: String, _ topics: [String], on kafka: TestKafka, _ settings: KafkaSettings? = nil,
        metadataRefresh: Duration = .seconds(10), ownershipInterval: Duration = .seconds(10), logger: Logger? = nil
    ) throws -> GroupConsumer {
        var membership = GroupConsumer.Settings(
            group: group, subscription: topics, commitInterval: .milliseconds(20), drain: .milliseconds(100),
            metadataRefresh: metadataRefresh, commitMetadata: { _, _, ahead in ahead.text })
        membership.ownershipInterval = ownershipInterval
        let consumer = GroupConsumer(settings ?? kafka.settings, membership, handler: self, logger: logger ?? kafka.logger)
        try consumer.start()
        return consumer
    }

    func assigned(_ partitions: [TopicPartition], epoch: UInt64, acknowledger: RecordAcknowledger) {
        state.withLock { $0.assignments += 1 }
    }

    func received(_ batch: [IncomingRecord], acknowledger: RecordAcknowledger) {
        state.withLock { $0.records += batch }
        acknowledger.finished(batch.filter(finishes))
    }

    func revoked(_ partitions: [TopicPartition], lost: Bool, acknowledger: RecordAcknowledger) {}

    func failed(_ error: KafkaError) { state.withLock { $0.errors.append(error) } }
}

extension Producer {
    /// Writes so many small records to each partition.
    func fill(_ topic: String, partitions: Range<Int32>, count: Int) async throws {
        for partition in partitions {
            for number in 0..<count {
                _ = try await send(OutgoingRecord(topic: topic, partition: partition, value: ByteBuffer(string: "\(number)")))
            }
        }
    }
}
