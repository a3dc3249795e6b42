import CLibrdkafka

/// A group consumer's queries to Kafka. All of them block, so they run on the consumer's thread for queries.
struct ConsumerQuestions: Sendable {
    let kafka: KafkaSettings
    let settings: GroupConsumer.Settings
    let state: ConsumerState
    let log: ThrottledLog

    // MARK: Offsets

    /// The group's committed offsets; retriable errors are retried.
    func committed(_ partitions: [TopicPartition], within timeout: Duration) -> Result<[CommitOffset], KafkaError> {
        let outcome = state.withHandle { rk in
            Retry.until(Deadline(after: timeout), "committed") { milliseconds in
                state.isRunning ? Self.committed(rk, partitions, milliseconds: milliseconds) : nil
            }
        }
        return outcome ?? .failure(.closed("committed"))
    }

    /// The group's committed offsets.
    static func committed(
        _ rk: OpaquePointer, _ partitions: [TopicPartition], milliseconds: Int32
    ) -> Result<[CommitOffset], KafkaError> {
        let list = PartitionList(partitions)
        let code = list.use { rd_kafka_committed(rk, $0, milliseconds) }
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { return .failure(KafkaError("committed", code)) }
        if let error = list.firstError("committed") { return .failure(error) }
        return .success(list.offsets)
    }

    /// The bounds of a partition's log, and, unless its position is known, the group's committed offset.
    func logBounds(of partition: TopicPartition, isKnown: Bool) -> Result<LogBounds, KafkaError> {
        let commits = isKnown ? .success([]) : state.withHandle { rk in Self.committed(rk, [partition], milliseconds: 3000) }
        let logs = kafka.questions.use(kafka, log) { rk in OffsetRequests.watermarks(rk, [partition], milliseconds: 3000) }
        guard let commits, let logs else { return .failure(.closed("log bounds")) }
        return commits.flatMap { commits in
            logs.flatMap { found in
                guard let log = found[partition] else { return .failure(KafkaError("log bounds", RD_KAFKA_RESP_ERR__TIMED_OUT)) }
                return .success(LogBounds(log: log, committed: commits.first))
            }
        }
    }

    /// The known end offsets of partitions.
    func ends(of partitions: [TopicPartition]) -> [TopicPartition: Int64] {
        let answer = kafka.questions.use(kafka, log) { rk in .success(OffsetRequests.knownEnds(rk, partitions, milliseconds: 3000)) }
        return (try? answer?.get()) ?? [:]  // no client
    }

    // MARK: Owners

    /// Partitions of the subscription that no member owns; empty during a rebalance, and if the owners are not known. Nil on an in-memory
    /// cluster, which never supports the query.
    func unowned() -> Set<TopicPartition>? {
        switch kafka.questions.use(kafka, log, findUnowned) {
        case .success(let unowned): unowned
        case .failure(let error) where error.isUnsupported: nil
        case .failure, nil: []
        }
    }

    private func findUnowned(_ rk: OpaquePointer) -> Result<Set<TopicPartition>, KafkaError> {
        let deliveryTimeout: Int32 = 3000
        // An in-memory cluster must not get the request: librdkafka 2.0.2 ends the process over a request that the cluster does not
        // support.
        guard let id = clusterID(rk, deliveryTimeout) else { return .failure(KafkaError("cluster id", RD_KAFKA_RESP_ERR__TIMED_OUT)) }
        guard !id.hasPrefix("mockCluster") else { return .failure(GroupRequests.unsupported) }
        return GroupRequests.standing(rk, settings.group, deliveryTimeout).flatMap { group in
            guard group.state == .stable else { return .success([]) }
            return TopicRequests.list(rk, milliseconds: deliveryTimeout).map { topics in
                let owned = Set(group.members.flatMap(\.partitions))
                var unowned: Set<TopicPartition> = []
                for (topic, standing) in topics where subscribes(to: topic) {
                    for partition in 0..<Int32(clamping: standing.partitions) {
                        unowned.insert(TopicPartition(topic: topic, partition: partition))
                    }
                }
                return unowned.subtracting(owned)
            }
        }
    }

    private func clusterID(_ rk: OpaquePointer, _ milliseconds: Int32) -> String? {
        guard let text = rd_kafka_clusterid(rk, milliseconds) else { return nil }
        defer { rd_kafka_mem_free(rk, text) }
        return String(cString: text)
    }

    private func subscribes(to topic: String) -> Bool {
        settings.subscription.contains { wanted in
            guard wanted.hasPrefix("^") else { return wanted == topic }
            guard let pattern = try? Regex(wanted) else { return false }
            return topic.firstMatch(of: pattern) != nil
        }
    }
}
