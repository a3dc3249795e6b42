package import NIOCore

/// A record to be written.
package struct OutgoingRecord: Sendable {
    /// The topic must exist: writing to it does not create it.
    package var topic: String
    /// Nil for Kafka's default: murmur2 of the key, or any partition without a key.
    package var partition: Int32?
    /// Records with the same key keep their order.
    package var key: String?
    /// The readable bytes are the value; nil: no value, a tombstone in a compacted topic.
    package var value: ByteBuffer?
    /// The headers, in the order in which they are sent.
    package var headers: RecordHeaders

    package init(topic: String, partition: Int32? = nil, key: String? = nil, value: ByteBuffer?, headers: RecordHeaders = RecordHeaders()) {
        self.topic = topic
        self.partition = partition
        self.key = key
        self.value = value
        self.headers = headers
    }
}
