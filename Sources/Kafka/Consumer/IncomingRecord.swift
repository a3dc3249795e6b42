package import NIOCore

/// A record that was read. Owns its bytes.
package struct IncomingRecord: Sendable {
    /// Where it stood.
    package var topic: String
    /// Where it stood.
    package var partition: Int32
    /// Where it stood.
    package var offset: Int64
    /// Milliseconds since 1970 as the producer or broker set them; -1 if unknown.
    package var timestamp: Int64
    /// nil if the record has none; bytes that are not UTF-8 are repaired.
    package var key: String?
    /// nil: no value; in a compacted topic a tombstone.
    package var value: ByteBuffer?
    /// In the record's order.
    package var headers: RecordHeaders
    /// The assignment it came under, to be given back to ``RecordAcknowledger``; 0 without a group.
    package var epoch: UInt64

    /// - Parameters: as the properties say.
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

    /// The partition it came from.
    package var topicPartition: TopicPartition { TopicPartition(topic: topic, partition: partition) }
}
