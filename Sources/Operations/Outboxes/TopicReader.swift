import Encoding
import Kafka

/// The progress of a group that reads an outbox for its service.
package struct TopicReader: Sendable, Equatable {
    /// The consumer group.
    package var group: String
    /// Number of records after its committed offsets. A partition without a commit counts as a whole.
    package var lag: Int64
    /// Number of records that Kafka deleted by age before the group read them.
    package var lost: Int64
    /// Partitions without a committed offset.
    package var uncommitted: [Int32]
    /// Number of members of the group; nil if Kafka gave no answer.
    package var members: Int?

    /// Nil if the group has committed no offset there, so that it is no reader.
    /// - Parameters:
    ///   - logs: the offsets in the outbox, by partition.
    ///   - committed: the group's committed offsets, by partition; offset -1 for none.
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
