import CLibrdkafka
package import Logging

/// Questions and orders to the cluster. One thread of its own does the blocking calls, one after another; any task may call.
///
/// Never creates a topic by asking for it. Each call waits at most 30 s for Kafka.
package final class KafkaAdmin: Sendable {
    private let client: ClientHandle
    private let thread = BlockingThread("kafka-admin")

    /// - Throws: a property that librdkafka refuses, by name. Brokers are not contacted here.
    package init(_ settings: KafkaSettings, logger: Logger) throws(KafkaError) {
        client = try ClientHandle(
            RD_KAFKA_PRODUCER, ClientConfiguration.admin(settings), callbacks: ClientCallbacks(log: ThrottledLog(logger)),
            isPolled: false)
    }

    /// Creates topics, each by itself, and waits, at most 10 s, until the brokers tell of them: the controller answers before that, and
    /// who used a topic at once would be told that there is none.
    /// - Returns: by name, nil if it was created; `isTopicExists` if it stood already.
    /// - Throws: if the request as a whole failed; `isUnsupported` on an embedded cluster.
    package func createTopics(_ topics: [NewTopic]) async throws(KafkaError) -> [String: KafkaError?] {
        guard !topics.isEmpty else { return [:] }
        let results: [String: KafkaError?] = try await perform("create topics") { rk in
            // It names no controller, so librdkafka would wait for one until the time limit.
            KafkaAdmin.isEmbedded(rk)
                ? .failure(KafkaError("create topics", RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE)) : TopicRequests.create(rk, topics)
        }
        let expected = results.filter { $0.value == nil || $0.value?.isTopicExists == true }.keys
        let deadline = Deadline(after: .seconds(10))
        while !deadline.hasPassed {
            let known = try await listTopics()
            if expected.allSatisfy({ known[$0] != nil }) { break }
            // Kafka announces nothing: asking again is the only way. Cancellation only makes it ask sooner.
            try? await Task.sleep(for: .milliseconds(20))
        }
        return results
    }

    /// Deletes topics with all their records, each by itself; for tests.
    /// - Returns: by name, nil if it was deleted.
    package func deleteTopics(_ names: [String]) async throws(KafkaError) -> [String: KafkaError?] {
        guard !names.isEmpty else { return [:] }
        return try await perform("delete topics") { rk in TopicRequests.delete(rk, names) }
    }

    /// Partitions and settings of those of the topics that exist.
    package func describeTopics(_ names: [String]) async throws(KafkaError) -> [TopicDescription] {
        try await perform("describe topics") { rk in
            TopicRequests.list(rk).flatMap { counts in
                let found = names.filter { counts[$0] != nil }
                let describe = found.isEmpty || KafkaAdmin.isEmbedded(rk)
                let configs = describe ? Result.success([:]) : TopicRequests.configs(rk, found)
                return configs.map { configs in
                    found.map { TopicDescription(name: $0, partitions: counts[$0] ?? 0, config: configs[$0] ?? [:]) }
                }
            }
        }
    }

    /// All topics that we may see, with their number of partitions.
    package func listTopics() async throws(KafkaError) -> [String: Int] {
        try await perform("list topics") { rk in TopicRequests.list(rk) }
    }

    /// The cluster's own id.
    package func clusterID() async throws(KafkaError) -> String {
        try await perform("cluster id") { rk in
            KafkaAdmin.clusterID(rk).map { .success($0) } ?? .failure(KafkaError("cluster id", RD_KAFKA_RESP_ERR__TIMED_OUT))
        }
    }

    /// Whether any broker answers within that time. The lightest question there is: about no topic.
    package func isReachable(within timeout: Duration) async -> Bool {
        do throws(KafkaError) {
            return try await perform("reach Kafka") { rk in
                var found: UnsafePointer<rd_kafka_metadata>?
                let code = rd_kafka_metadata(rk, 0, nil, &found, timeout.clampedMilliseconds)
                if let found { rd_kafka_metadata_destroy(found) }
                return .success(code == RD_KAFKA_RESP_ERR_NO_ERROR)
            }
        } catch {
            return false
        }
    }

    /// Whether this is librdkafka's in-memory cluster (its id starts with `mockCluster`), on which topics cannot be created this way.
    package func isEmbedded() async throws(KafkaError) -> Bool {
        try await clusterID().hasPrefix(KafkaAdmin.embeddedPrefix)
    }

    /// What a group has committed on partitions; offset -1 where nothing.
    package func committedOffsets(of group: String, _ partitions: [TopicPartition]) async throws(KafkaError) -> [CommitOffset] {
        guard !partitions.isEmpty else { return [] }
        return try await perform("group offsets") { rk in OffsetRequests.committed(rk, group, partitions) }
    }

    /// The first offset and the one after the last, per partition.
    package func watermarks(of partitions: [TopicPartition]) async throws(KafkaError) -> [TopicPartition: Range<Int64>] {
        try await perform("watermarks") { rk in OffsetRequests.watermarks(rk, partitions, milliseconds: AdminRequest.limit) }
    }

    /// The first offset at or after a time (milliseconds since 1970) per partition; nil if there is none, which is not the end by accident.
    /// An embedded cluster never finds one.
    package func offsets(of partitions: [TopicPartition], from milliseconds: Int64) async throws(KafkaError) -> [TopicPartition: Int64?] {
        guard !partitions.isEmpty else { return [:] }
        return try await perform("offsets by time") { rk in OffsetRequests.byTime(rk, partitions, milliseconds) }
    }

    /// Lets running calls finish and frees everything. Calls after it fail.
    package func close() async {
        do throws(KafkaError) {
            // Destroying blocks, so it is the thread's last job.
            try await thread.run("close") { self.client.destroy() }
        } catch {
            // Closed before.
        }
        await thread.stop()
    }

    private func perform<Value: Sendable>(
        _ operation: String, _ body: @escaping @Sendable (OpaquePointer) -> Result<Value, KafkaError>
    ) async throws(KafkaError) -> Value {
        try await thread.run(operation) { () throws(KafkaError) in
            guard let outcome = self.client.use(body) else { throw KafkaError.closed(operation) }
            return try outcome.get()
        }
    }

    private static let embeddedPrefix = "mockCluster"

    private static func clusterID(_ rk: OpaquePointer) -> String? {
        guard let text = rd_kafka_clusterid(rk, TopicRequests.limit) else { return nil }
        defer { rd_kafka_mem_free(rk, text) }
        return String(cString: text)
    }

    private static func isEmbedded(_ rk: OpaquePointer) -> Bool {
        clusterID(rk)?.hasPrefix(embeddedPrefix) ?? false
    }
}
