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

/// Where Kafka put a record.
package struct RecordPosition: Sendable, Hashable {
    /// The topic written to.
    package var topic: String
    /// The partition chosen.
    package var partition: Int32
    /// The record's offset; -1 if the broker did not say.
    package var offset: Int64
    /// When the broker appended it by its own clock, in milliseconds since 1970; nil unless the topic has
    /// `message.timestamp.type=LogAppendTime`.
    package var appended: Int64?

    /// - Parameters: as the properties say.
    package init(topic: String, partition: Int32, offset: Int64, appended: Int64? = nil) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.appended = appended
    }

    /// The same place; when it was taken does not count.
    package static func == (a: RecordPosition, b: RecordPosition) -> Bool {
        a.topic == b.topic && a.partition == b.partition && a.offset == b.offset
    }

    /// As for ``==(_:_:)``.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(topic)
        hasher.combine(partition)
        hasher.combine(offset)
    }
}
