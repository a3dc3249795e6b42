/// One partition of one topic. Sorts by topic, then partition.
package struct TopicPartition: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Topic name.
    package var topic: String
    /// From 0.
    package var partition: Int32

    /// - Parameters: as the properties say.
    package init(topic: String, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    /// By topic name, then by number.
    package static func < (a: TopicPartition, b: TopicPartition) -> Bool {
        a.topic == b.topic ? a.partition < b.partition : a.topic < b.topic
    }

    /// `topic[partition]`.
    package var description: String { "\(topic)[\(partition)]" }
}
