/// The position at which Kafka stored a record.
package struct RecordPosition: Sendable, Hashable {
    /// The record's topic.
    package var topic: String
    /// The record's partition.
    package var partition: Int32
    /// The record's offset; -1 if the broker did not report it.
    package var offset: Int64
    /// The broker's append time, in milliseconds since 1970; nil unless the topic has `message.timestamp.type=LogAppendTime`.
    package var appended: Int64?

    package init(topic: String, partition: Int32, offset: Int64, appended: Int64? = nil) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.appended = appended
    }

    /// Compares the position, not the append time.
    package static func == (a: RecordPosition, b: RecordPosition) -> Bool {
        a.topic == b.topic && a.partition == b.partition && a.offset == b.offset
    }

    /// Hashes like ``==(_:_:)`` compares.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(topic)
        hasher.combine(partition)
        hasher.combine(offset)
    }
}
