extension GroupConsumer {
    /// How a consumer takes part in its group. `KafkaSettings.properties` win over what is derived from this.
    package struct Settings: Sendable {
        /// Group id.
        package var group: String
        /// Topic names, or patterns that begin with `^`.
        package var subscription: [String]
        /// Static membership: the same id after a restart keeps the partitions. nil for a member that leaves when it stops.
        package var instanceID: String?
        /// How often moved commit points are committed.
        package var commitInterval: Duration
        /// How often every partition is committed although nothing has changed, so that the answer says whether it is still ours. nil: never.
        package var recommitInterval: Duration?
        /// Most records in one `received`.
        package var batchLimit: Int
        /// How long a revocation or stop waits for records that are neither finished nor abandoned.
        package var drain: Duration
        /// Silence after which the group gives our partitions to others.
        package var sessionTimeout: Duration
        /// How often we say that we live; at most a third of the session timeout.
        package var heartbeat: Duration
        /// How soon new topics and partitions are seen.
        package var metadataRefresh: Duration
        /// Upper bound of what librdkafka reads ahead, KiB of values and keys. Large enough that at full speed it lasts for more than a second:
        /// where it is reached, librdkafka 2.0.2 does not fetch for a second.
        package var readAheadKilobytes: Int
        /// Text to commit beside a partition's offset, made from the commit point and what is finished ahead of it. Called on the
        /// poll thread for each commit; without it no metadata is committed, and finishing ahead commits nothing.
        /// With ``FinishedAhead/text`` the partition's next owner skips what is finished; reading pauses while it hardly fits.
        package var commitMetadata: (@Sendable (_ partition: TopicPartition, _ commitPoint: Int64, _ ahead: FinishedAhead) -> String?)?
        /// While the group settles who owns what it may take no commits, and everything that is done is done again by the next owner. With
        /// this, reading of a partition then rests until a commit is taken or the partition is assigned anew. Not for records that somebody
        /// waits for.
        package var pausesWhileUncommitted = false
        /// How long a partition may stand still although records wait before ``GroupConsumer/stalls()`` tells of it.
        package var stallAfter = Duration.seconds(60)
        /// The longest time between two looks whether every partition has an owner.
        package var ownershipInterval = Duration.seconds(10)
        /// How long this member may be out of its group before it leaves and joins anew with a fresh client; the pauses after that double up to
        /// five minutes.
        package var rejoinAfter = Duration.seconds(30)
        /// Called on the poll thread when the group has given our partitions to others because it heard nothing of us, or we nothing of it;
        /// `onAssigned` says that we take part again. What is under way will be done again elsewhere.
        package var onLost: (@Sendable () -> Void)?
        /// Called on the poll thread whenever the group has given this member its share, which may be empty, after the handler knows.
        package var onAssigned: (@Sendable () -> Void)?

        /// - Parameters: as the properties say.
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

        /// The silence after which the group gives our partitions to others; a property of the operator's wins over these settings.
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
