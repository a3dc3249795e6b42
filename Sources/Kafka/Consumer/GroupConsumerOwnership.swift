import CLibrdkafka
import Logging
import Synchronization

// Whether every partition of the subscription has an owner.
//
// The member that leads a group shares out what the broker that coordinates it knows at that moment. A broker that learns late of a new
// topic leaves it out, and librdkafka has a group share out anew only when a member's own view of the topics changes, which it may not:
// nobody would read the topic until somebody joins or leaves.
extension GroupConsumer {
    /// Has the other thread look, if it is time to. On the poll thread.
    func lookForOwners() {
        guard ownership.withLock({ $0.begin(at: .now) }) else { return }
        do throws(KafkaError) {
            try queries.enqueue("owners") { self.claimUnowned() }
        } catch {
            // No thread, or stopping.
            _ = ownership.withLock { $0.found([], at: .now) }
        }
    }

    /// Joins anew, without leaving, where partitions had no owner at two looks in a row: when the member does so that leads the group,
    /// partitions are shared out anew. Blocks.
    private func claimUnowned() {
        // What nobody knows is no reason for anything.
        let answer = kafka.questions.use(kafka, log) { rk in findUnowned(rk) }
        if case .failure(let error)? = answer, error.isUnsupported { return }  // an in-memory cluster: nor at any other time
        var unowned: Set<TopicPartition> = []
        if case .success(let found)? = answer { unowned = found }
        let lasting = ownership.withLock { $0.found(unowned, at: .now) }
        guard !lasting.isEmpty else { return }
        log.logger.warning(
            "partitions have no owner: joins anew, so that they are shared out again",
            metadata: [
                "group": "\(settings.group)", "count": "\(lasting.count)",
                "partitions": "\(lasting.prefix(10).map { "\($0.topic)[\($0.partition)]" }.joined(separator: " "))",
            ])
        command(.joinAnew)
    }

    /// Partitions of the subscription that no member owns; none while the group settles.
    private func findUnowned(_ rk: OpaquePointer) -> Result<Set<TopicPartition>, KafkaError> {
        let deliveryTimeout: Int32 = 3000
        // An in-memory cluster must never be asked: librdkafka 2.0.2 ends the process over a request that a cluster does not know.
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

    /// Carries out `joinAnew`. On the poll thread.
    func joinAnew(_ rk: OpaquePointer) {
        // A cooperative member that subscribes to the same again does nothing.
        if isCooperative(rk) { rd_kafka_unsubscribe(rk) }
        let code = subscribe(rk)
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { failed(KafkaError("subscribe", code)) }
    }

    /// Asks librdkafka to join the group with this member's subscription.
    func subscribe(_ rk: OpaquePointer) -> rd_kafka_resp_err_t {
        let subscription = settings.subscription.map { TopicPartition(topic: $0, partition: Int32(RD_KAFKA_PARTITION_UA)) }
        return PartitionList(subscription).use { rd_kafka_subscribe(rk, $0) }
    }
}
