package import NIOCore

/// A record that was read. Owns its bytes.
package struct IncomingRecord: Sendable {
    /// The record's topic.
    package var topic: String
    /// The record's partition.
    package var partition: Int32
    /// The record's offset.
    package var offset: Int64
    /// Milliseconds since 1970 as the producer or broker set them; -1 if unknown.
    package var timestamp: Int64
    /// Nil if the record has none; invalid UTF-8 is repaired.
    package var key: String?
    /// Nil: no value; a tombstone in a compacted topic.
    package var value: ByteBuffer?
    /// The headers in the record's order.
    package var headers: RecordHeaders
    /// The assignment it came under, to be given back to ``RecordAcknowledger``; 0 without a group.
    package var epoch: UInt64

    package init(
        topic: String, partition: Int32, offset: Int64, timestamp: Int64 = -1, key: String? = nil, value: ByteBuffer?,
        headers: RecordHeaders = RecordHeaders(), epoch: UInt64 = 0
    ) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.timestamp = timestamp
        self.key = key
        self.value = value
        self.headers = headers
        self.epoch = epoch
    }

    /// The record's topic and partition.
    package var topicPartition: TopicPartition { TopicPartition(topic: topic, partition: partition) }
}
