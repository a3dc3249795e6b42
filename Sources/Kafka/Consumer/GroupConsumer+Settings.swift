extension GroupConsumer {
    /// How a consumer takes part in its group. `KafkaSettings.properties` win over properties derived from these settings.
    package struct Settings: Sendable {
        /// Group id.
        package var group: String
        /// Topic names, or patterns that begin with `^`.
        package var subscription: [String]
        /// The id for static membership: a member that restarts with the same id keeps its partitions. Nil for a member that leaves the
        /// group when it stops.
        package var instanceID: String?
        /// How often changed commit points are committed.
        package var commitInterval: Duration
        /// How often every partition is committed without a change, so that the answer shows whether it still belongs to this member. Nil:
        /// never.
        package var recommitInterval: Duration?
        /// The most records in one `received`.
        package var batchLimit: Int
        /// How long a revocation or stop waits for records that are neither finished nor abandoned.
        package var drain: Duration
        /// The time without a heartbeat after which the group reassigns this member's partitions.
        package var sessionTimeout: Duration
        /// The heartbeat interval; at most a third of the session timeout.
        package var heartbeat: Duration
        /// How soon new topics and partitions are noticed.
        package var metadataRefresh: Duration
        /// Upper bound of librdkafka's read-ahead, in KiB of values and keys. It must last for more than a second at full speed: once it is
        /// reached, librdkafka 2.0.2 does not fetch for a second.
        package var readAheadKilobytes: Int
        /// Makes the text to commit with a partition's offset, from the commit point and the offsets finished ahead of it. Called on the
        /// poll thread for each commit; without it no metadata is committed, and records finished ahead cause no commit. With
        /// ``FinishedAhead/text`` the partition's next owner skips the finished records; reading pauses while the text nearly fills the
        /// limit.
        package var commitMetadata: (@Sendable (_ partition: TopicPartition, _ commitPoint: Int64, _ ahead: FinishedAhead) -> String?)?
        /// Whether reading of a partition pauses while its commits are refused, until one is taken or the partition is assigned again.
        /// During a rebalance the group may take no commits, and the next owner repeats all work done meanwhile. Not for records whose
        /// sender waits for an answer.
        package var pausesWhileUncommitted = false
        /// How long a partition with waiting records may make no progress before ``GroupConsumer/stalls()`` reports it.
        package var stallAfter = Duration.seconds(60)
        /// The longest interval between two checks that every partition has an owner.
        package var ownershipInterval = Duration.seconds(10)
        /// How long this member may be out of its group before it leaves and joins again with a fresh client; later pauses double up to
        /// five minutes.
        package var rejoinAfter = Duration.seconds(30)
        /// Called on the poll thread when this member has lost its partitions, because the group received no heartbeat or the member no
        /// answer; `onAssigned` reports its return. Another member will repeat the work in progress.
        package var onLost: (@Sendable () -> Void)?
        /// Called on the poll thread after each assignment, which may be empty, once the handler knows it.
        package var onAssigned: (@Sendable () -> Void)?

        package init(
            group: String, subscription: [String], instanceID: String? = nil, commitInterval: Duration = .milliseconds(100),
            batchLimit: Int = 500, drain: Duration = .seconds(2), sessionTimeout: Duration = .seconds(10),
            heartbeat: Duration = .seconds(1), metadataRefresh: Duration = .seconds(10), readAheadKilobytes: Int = 65536,
            commitMetadata: (@Sendable (TopicPartition, Int64, FinishedAhead) -> String?)? = nil
        ) {
            self.group = group
            self.subscription = subscription
            self.instanceID = instanceID
            self.commitInterval = commitInterval
            self.batchLimit = batchLimit
            self.drain = drain
            self.sessionTimeout = sessionTimeout
            self.heartbeat = heartbeat
            self.metadataRefresh = metadataRefresh
            self.readAheadKilobytes = readAheadKilobytes
            self.commitMetadata = commitMetadata
        }

        /// The session timeout in effect: a property set by the operator wins over these settings.
        package func sessionTimeout(with kafka: KafkaSettings) -> Duration {
            kafka.properties["session.timeout.ms"].flatMap { Int64($0) }.map { .milliseconds($0) } ?? sessionTimeout
        }

        var properties: [String: String] {
            var properties = [
                "group.id": group,
                "partition.assignment.strategy": ClientConfiguration.assignmentStrategy,
                "session.timeout.ms": String(sessionTimeout.clampedMilliseconds),
                "heartbeat.interval.ms": String(heartbeat.clampedMilliseconds),
                "topic.metadata.refresh.interval.ms": String(metadataRefresh.clampedMilliseconds),
                "enable.partition.eof": "true",  // the offset behind the last record need not be the log's end
            ]
            if let instanceID { properties["group.instance.id"] = instanceID }
            return properties.merging(ClientConfiguration.readAhead(kilobytes: readAheadKilobytes)) { own, _ in own }
        }
    }
}
