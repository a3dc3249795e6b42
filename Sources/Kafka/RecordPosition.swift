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
