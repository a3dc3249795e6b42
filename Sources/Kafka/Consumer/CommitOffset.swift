/// How far a group has read one partition.
package struct CommitOffset: Sendable, Equatable {
    /// Topic name.
    package var topic: String
    /// From 0.
    package var partition: Int32
    /// The next offset to read; -1 if the group has committed none.
    package var offset: Int64
    /// Free text that Kafka keeps beside the offset (brokers allow 4,096 bytes by default).
    package var metadata: String?

    /// - Parameters: as the properties say.
    package init(topic: String, partition: Int32, offset: Int64, metadata: String? = nil) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.metadata = metadata
    }

    /// The partition it speaks of.
    package var topicPartition: TopicPartition { TopicPartition(topic: topic, partition: partition) }
}
