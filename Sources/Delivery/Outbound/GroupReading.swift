import Kafka
import Synchronization

/// The group consumer that a handler reports to. It is attached later because the consumer is created with the handler.
final class GroupReading: Sendable {
    private let consumer = Mutex<GroupConsumer?>(nil)

    func attach(_ consumer: GroupConsumer) {
        self.consumer.withLock { $0 = consumer }
    }

    func finished(_ partition: TopicPartition, offset: Int64, epoch: UInt64) {
        current?.finished(partition, offset: offset, epoch: epoch)
    }

    /// See `GroupConsumer.abandoned`.
    func abandoned(_ partition: TopicPartition, records: Int, epoch: UInt64) {
        current?.abandoned(partition, records: records, epoch: epoch)
    }

    /// See `GroupConsumer.commitSoon`.
    func commitSoon(_ partitions: [TopicPartition]) { current?.commitSoon(partitions) }

    func pause(_ partition: TopicPartition) { current?.pause([partition]) }

    func resume(_ partition: TopicPartition) { current?.resume([partition]) }

    private var current: GroupConsumer? { consumer.withLock { $0 } }
}
