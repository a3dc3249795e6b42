package import NIOCore

/// A record to be written.
package struct OutgoingRecord: Sendable {
    /// Must exist: this module creates no topic by writing to it.
    package var topic: String
    /// nil: Kafka's default, murmur2 of the key, any partition without a key.
    package var partition: Int32?
    /// Records of one key keep their order.
    package var key: String?
    /// The readable bytes are the value; nil: no value, in a compacted topic a tombstone.
    package var value: ByteBuffer?
    /// Sent in this order.
    package var headers: RecordHeaders

    /// - Parameters: as the properties say.
    package init(topic: String, partition: Int32? = nil, key: String? = nil, value: ByteBuffer?, headers: RecordHeaders = RecordHeaders()) {
        self.topic = topic
        self.partition = partition
        self.key = key
        self.value = value
        self.headers = headers
    }
}
