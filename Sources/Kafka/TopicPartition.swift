/// One partition of one topic. Sorts by topic, then partition.
package struct TopicPartition: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Topic name.
    package var topic: String
    /// The partition's number, from 0.
    package var partition: Int32

    package init(topic: String, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    /// Compares by topic name, then by number.
    package static func < (a: TopicPartition, b: TopicPartition) -> Bool {
        a.topic == b.topic ? a.partition < b.partition : a.topic < b.topic
    }

    /// `topic[partition]`.
    package var description: String { "\(topic)[\(partition)]" }
}
