package import Kafka
package import OCPI

/// Partitions, replication and retention of the node's topics.
///
/// The defaults suit one machine. In production set `replication` to 3; `min.insync.replicas` then follows as 2.
package struct TopicSettings: Sendable {
    /// Partitions of `ocn.requests`: the most EXCHANGE and MATCHER workers. Cannot be lowered later; raising it moves keys.
    package var requestPartitions: Int
    /// Partitions of `ocn.replies`: at least twice the number of ingress processes.
    package var replyPartitions: Int
    /// Partitions of each outbox, of `ocn.announce` and of `ocn.dead`: the most PUSH workers per service.
    package var outboxPartitions: Int
    /// The replication factor.
    package var replication: Int
    /// The longest time for which a copy is retried, in seconds (default 72 h). Outboxes keep records three days longer.
    package var copyHorizonSeconds: Int

    package init(
        requestPartitions: Int = 8, replyPartitions: Int = 8, outboxPartitions: Int = 4, replication: Int = 1,
        copyHorizonSeconds: Int = 72 * 3600
    ) {
        self.requestPartitions = requestPartitions
        self.replyPartitions = replyPartitions
        self.outboxPartitions = outboxPartitions
        self.replication = replication
        self.copyHorizonSeconds = copyHorizonSeconds
    }

    /// The topics every node has.
    package func fixedTopics(_ names: TopicNames) -> [NewTopic] {
        var state = compacted(names.state, policy: "compact", retentionSeconds: nil)
        // Stamped by the broker: its clock is the one that processes compare theirs with.
        state.config["message.timestamp.type"] = "LogAppendTime"
        return [
            topic(names.requests, partitions: requestPartitions, retentionSeconds: max(3 * day, copyHorizonSeconds)),
            topic(names.replies, partitions: replyPartitions, retentionSeconds: 10 * minute),
            topic(names.announce, partitions: outboxPartitions, retentionSeconds: day),
            topic(names.dead, partitions: outboxPartitions, retentionSeconds: 30 * day),
            state,
            compacted(names.links, policy: "compact,delete", retentionSeconds: 400 * day),
            topic(names.control, partitions: 1, retentionSeconds: day),
        ]
    }

    /// The outbox of one service.
    package func outboxTopic(_ names: TopicNames, _ recipient: PartyID) -> NewTopic {
        topic(names.outbox(recipient), partitions: outboxPartitions, retentionSeconds: outboxRetentionSeconds)
    }

    /// The shortest retention, in seconds, with which an outbox cannot lose a waiting copy.
    package var outboxRetentionSeconds: Int { copyHorizonSeconds + 3 * day }

    private var minute: Int { 60 }
    private var day: Int { 24 * 3600 }

    private func topic(_ name: String, partitions: Int, retentionSeconds: Int) -> NewTopic {
        NewTopic(
            name: name, partitions: partitions, replication: replication,
            config: base.merging([
                "cleanup.policy": "delete", "retention.ms": String(retentionSeconds * 1000), "retention.bytes": "-1",
            ]) { _, new in new })
    }

    private func compacted(_ name: String, policy: String, retentionSeconds: Int?) -> NewTopic {
        var config = base
        config["cleanup.policy"] = policy
        if let retentionSeconds {
            config["retention.ms"] = String(retentionSeconds * 1000)
            config["retention.bytes"] = "-1"
        }
        // Small segments: compaction only handles closed ones, and every role reads this topic at start.
        config["segment.bytes"] = String(16 * 1024 * 1024)
        return NewTopic(name: name, partitions: 1, replication: replication, config: config)
    }

    /// The settings of every topic: with three replicas two must be in sync.
    private var base: [String: String] {
        [
            "min.insync.replicas": String(max(1, replication - 1)),
            "max.message.bytes": String(RecordLimits.maxMessageBytes),
            "unclean.leader.election.enable": "false",
        ]
    }
}

/// The size limits of records.
package enum RecordLimits {
    /// The largest answer that a node forwards by default, in bytes.
    package static let answerBody = 4 * 1024 * 1024
    /// The largest Kafka record, in bytes: the largest answer and its headers.
    package static let maxMessageBytes = answerBody + 64 * 1024
}
