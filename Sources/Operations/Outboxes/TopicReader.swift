import Encoding
import Kafka

/// How far a group has read an outbox that its service reads by itself.
package struct TopicReader: Sendable, Equatable {
    /// The consumer group.
    package var group: String
    /// Records that it has not read, by what it committed. Of a partition without a commit all that stands in it.
    package var lag: Int64
    /// Records that Kafka deleted by age before it read them.
    package var lost: Int64
    /// Partitions for which it has committed nothing.
    package var uncommitted: [Int32]
    /// How many consumers are in the group; nil if Kafka does not say.
    package var members: Int?

    /// Nil if the group has committed nothing at all there: then it is none of its readers.
    /// - Parameters:
    ///   - logs: what stands in the outbox, by partition.
    ///   - committed: what the group committed, by partition; offset -1 for nothing.
    init?(group: String, logs: [TopicPartition: Range<Int64>], committed: [CommitOffset]) {
        let offsets = committed.filter { $0.offset >= 0 }.reduce(into: [:]) { $0[$1.topicPartition] = $1 }
        guard logs.keys.contains(where: { offsets[$0] != nil }) else { return nil }
        let parts = logs.map { OutboxPartition(partition: $0.key.partition, log: $0.value, committed: offsets[$0.key]) }
        self.group = group
        lag = parts.reduce(0) { $0 + $1.log.upperBound - $1.position }
        lost = parts.reduce(0) { $0 + $1.lost }
        uncommitted = logs.keys.filter { offsets[$0] == nil }.map(\.partition).sorted()
    }

    var json: JSONValue {
        .object([
            "group": .string(group), "lag": .int(lag), "lost": .int(lost),
            "uncommitted_partitions": .array(uncommitted.map { .int($0) }), "members": members.map { .int($0) },
        ])
    }
}
