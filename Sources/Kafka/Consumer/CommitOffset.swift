/// The offset that a group has committed, or is to commit, for one partition.
package struct CommitOffset: Sendable, Equatable {
    /// Topic name.
    package var topic: String
    /// The partition's number, from 0.
    package var partition: Int32
    /// The next offset to read; -1 if the group has no committed offset.
    package var offset: Int64
    /// Free text that Kafka stores with the offset (brokers allow 4,096 bytes by default).
    package var metadata: String?

    package init(topic: String, partition: Int32, offset: Int64, metadata: String? = nil) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.metadata = metadata
    }

    /// The topic and partition of this offset.
    package var topicPartition: TopicPartition { TopicPartition(topic: topic, partition: partition) }
}
