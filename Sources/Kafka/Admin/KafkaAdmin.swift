import CLibrdkafka
package import Logging
import Synchronization

/// Queries and changes the cluster. One thread of its own runs the blocking calls, one after another; any task may call.
///
/// A query never creates a topic. Each call waits at most 30 s for Kafka and retries retriable errors; `close` ends it at once.
package final class KafkaAdmin: Sendable {
    private let settings: KafkaSettings
    private let log: ThrottledLog
    private let thread = BlockingThread("kafka-admin")
    private let isClosed = Atomic(false)
    /// The client for queries of committed offsets, made for the first one.
    private let groupClient = Mutex<ClientHandle?>(nil)

    /// - Throws: an error that names a property librdkafka refuses. Contacts no broker.
    package init(_ settings: KafkaSettings, logger: Logger) throws(KafkaError) {
        self.settings = settings
        log = ThrottledLog(logger, settings.logLimiter)
        settings.questions.join()
        do throws(KafkaError) {
            _ = try settings.questions.client(settings, log)
        } catch {
            settings.questions.leaveBehind()
            throw error
        }
    }

    /// Runs `body` with an instance that is closed afterwards in any case.
    /// - Throws: an error that names a property librdkafka refuses; the error of `body`.
    package static func with<Value: Sendable>(
        _ settings: KafkaSettings, logger: Logger, _ body: (KafkaAdmin) async throws -> Value
    ) async throws -> Value {
        let admin = try KafkaAdmin(settings, logger: logger)
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(admin))
        } catch {
            result = .failure(error)
        }
        await admin.close()
        return try result.get()
    }

    /// Why the last connection attempt to a broker failed, in librdkafka's words; nil if none has failed.
    package var lastTrouble: String? { settings.questions.lastTrouble }

    /// Creates topics, each with a result of its own, and retries while Kafka does not answer. Then waits, at most 10 s, until the brokers
    /// report them and lead their partitions: the controller answers earlier, and a caller that used a topic at once would get an
    /// unknown-topic error.
    /// - Returns: by name, nil if it was created; `isTopicExists` if it existed already.
    /// - Throws: if the request as a whole failed; `isUnsupported` on an embedded cluster.
    package func createTopics(_ topics: [NewTopic]) async throws(KafkaError) -> [String: KafkaError?] {
        guard !topics.isEmpty else { return [:] }
        return try await perform("create topics") { admin throws(KafkaError) in
            // The embedded cluster reports no controller, so librdkafka would wait for one until the time limit.
            guard try !admin.isEmbedded() else { throw KafkaError("create topics", RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE) }
            let results = try admin.patiently("create topics") { rk, milliseconds in
                TopicRequests.create(rk, topics, milliseconds: milliseconds, isStopping: admin.isStopping)
            }
            try admin.awaitLeaders(of: results.filter { $0.value == nil || $0.value?.isTopicExists == true }.keys.sorted())
            return results
        }
    }

    /// Deletes topics with all their records, each with a result of its own; for tests.
    /// - Returns: by name, nil if it was deleted.
    package func deleteTopics(_ names: [String]) async throws(KafkaError) -> [String: KafkaError?] {
        guard !names.isEmpty else { return [:] }
        return try await perform("delete topics") { admin throws(KafkaError) in
            try admin.once { TopicRequests.delete($0, names, isStopping: admin.isStopping) }
        }
    }

    /// Partitions and settings of the existing ones among the topics.
    /// - Parameter limit: the time limit for each of the two requests.
    package func describeTopics(_ names: [String], within limit: Duration = .seconds(30)) async throws(KafkaError) -> [TopicDescription] {
        try await perform("describe topics") { admin throws(KafkaError) in
            let counts = try admin.topics(within: limit)
            let found = names.filter { counts[$0] != nil }
            let isEmbedded = try admin.isEmbedded()
            // Any broker may answer, even one that does not know a new topic yet.
            let configs =
                found.isEmpty || isEmbedded
                ? [:]
                : try admin.patiently("describe topics", limit) { rk, milliseconds in
                    TopicRequests.configs(rk, found, milliseconds: milliseconds, isStopping: admin.isStopping)
                }
            return found.map { name in
                TopicDescription(
                    name: name, partitions: counts[name]?.partitions ?? 0, replication: counts[name]?.replicas ?? 0,
                    config: configs[name] ?? [:])
            }
        }
    }

    /// All topics that this user may see, with their number of partitions.
    package func listTopics() async throws(KafkaError) -> [String: Int] {
        try await topicStandings().mapValues(\.partitions)
    }

    /// Whether a topic that is missing in ``listTopics()`` may exist: brokers do not list topics that the user may not Describe.
    package func mayBeHidden(_ topic: String) async throws(KafkaError) -> Bool {
        try await perform("describe topic") { admin throws(KafkaError) in
            guard try !admin.isEmbedded() else { return false }
            return try admin.once { rk in TopicRequests.isHidden(rk, topic, isStopping: admin.isStopping) }
        }
    }

    /// All topics that this user may see, with their state.
    /// - Parameter limit: the time limit for Kafka's answer.
    package func topicStandings(within limit: Duration = .seconds(30)) async throws(KafkaError) -> [String: TopicStanding] {
        try await perform("list topics") { admin throws(KafkaError) in try admin.topics(within: limit) }
    }

    /// The cluster's id.
    package func clusterID() async throws(KafkaError) -> String {
        try await perform("cluster id") { admin throws(KafkaError) in try admin.clusterID() }
    }

    /// Whether this is librdkafka's in-memory cluster (its id starts with `mockCluster`), on which topics cannot be created this way.
    package func isEmbedded() async throws(KafkaError) -> Bool {
        try await perform("cluster id") { admin throws(KafkaError) in try admin.isEmbedded() }
    }

    /// The group's committed offsets on partitions; offset -1 where there is none.
    package func committedOffsets(of group: String, _ partitions: [TopicPartition]) async throws(KafkaError) -> [CommitOffset] {
        guard !partitions.isEmpty else { return [] }
        return try await perform("group offsets") { admin throws(KafkaError) in
            try admin.patiently("group offsets", on: try admin.client(ofGroup: group)) { rk, milliseconds in
                OffsetRequests.committed(rk, group, partitions, milliseconds: milliseconds, isStopping: admin.isStopping).mapError {
                    error in
                    error.unauthorized == .group ? .lacks(MissingRight("Describe", .group(group)), error.operation) : error
                }
            }
        }
    }

    /// The first offset and the one after the last, per partition.
    /// - Parameter limit: the time limit for Kafka's answer.
    package func watermarks(
        of partitions: [TopicPartition], within limit: Duration = .seconds(30)
    ) async throws(KafkaError) -> [TopicPartition: Range<Int64>] {
        try await perform("watermarks") { admin throws(KafkaError) in
            try admin.patiently("watermarks", limit) { rk, milliseconds in
                OffsetRequests.watermarks(rk, partitions, milliseconds: milliseconds)
            }
        }
    }

    /// The first offset at or after a time (milliseconds since 1970) per partition; nil if no record is that recent. An embedded cluster
    /// never finds one.
    package func offsets(of partitions: [TopicPartition], from time: Int64) async throws(KafkaError) -> [TopicPartition: Int64?] {
        guard !partitions.isEmpty else { return [:] }
        return try await perform("offsets by time") { admin throws(KafkaError) in
            try admin.patiently("offsets by time") { rk, milliseconds in
                OffsetRequests.byTime(rk, partitions, time, milliseconds: milliseconds)
            }
        }
    }

    /// Ends running calls, which fail, and frees everything. Later calls fail.
    package func close() async {
        isClosed.store(true, ordering: .releasing)
        do throws(KafkaError) {
            // Closing the client blocks, so it is the thread's last job.
            try await thread.run("close") {
                let groupClient = self.groupClient.withLock { client in
                    defer { client = nil }
                    return client
                }
                groupClient?.destroy()
                self.settings.questions.leave()
            }
        } catch {
            // Already closed.
        }
        await thread.stop()
    }

    // MARK: On the thread

    func perform<Value: Sendable>(
        _ operation: String, _ body: @escaping @Sendable (KafkaAdmin) throws(KafkaError) -> Value
    ) async throws(KafkaError) -> Value {
        try await thread.runUnlessCancelled(operation) { () throws(KafkaError) in
            if self.isStopping() { throw KafkaError.closed(operation) }
            return try body(self)
        }
    }

    /// Whether the instance is closed, so that running requests can stop.
    func isStopping() -> Bool { isClosed.load(ordering: .acquiring) }

    /// Runs one request without retries.
    func once<Value>(_ ask: (OpaquePointer) -> Result<Value, KafkaError>) throws(KafkaError) -> Value {
        guard let answer = settings.questions.use(settings, log, ask) else { throw KafkaError.closed("question") }
        return try answer.get()
    }

    /// Retries a request until it succeeds, fails permanently, or the time is over.
    /// - Parameter client: nil for the process's query client.
    func patiently<Value>(
        _ operation: String, _ limit: Duration = .seconds(30), on client: ClientHandle? = nil,
        _ ask: (OpaquePointer, _ milliseconds: Int32) -> Result<Value, KafkaError>
    ) throws(KafkaError) -> Value {
        try Retry.until(Deadline(after: limit), operation) { milliseconds in
            guard !isStopping() else { return nil }
            return if let client {
                client.use { rk in ask(rk, milliseconds) }
            } else {
                settings.questions.use(settings, log) { rk in ask(rk, milliseconds) }
            }
        }.get()
    }

    /// The client for queries of committed offsets. It carries the first group that was queried.
    func client(ofGroup group: String) throws(KafkaError) -> ClientHandle {
        try groupClient.withLock { client throws(KafkaError) in
            if let client { return client }
            let made = try ClientHandle(
                RD_KAFKA_CONSUMER, ClientConfiguration.groupQuestions(settings, group: group), callbacks: ClientCallbacks(log: log),
                isPolled: false)
            client = made
            return made
        }
    }

    private func topics(within limit: Duration = .seconds(30)) throws(KafkaError) -> [String: TopicStanding] {
        try patiently("list topics", limit) { rk, milliseconds in TopicRequests.list(rk, milliseconds: milliseconds) }
    }

    /// Waits until brokers report the topics and lead all their partitions.
    private func awaitLeaders(of topics: [String]) throws(KafkaError) {
        var unseen: String?
        do throws(KafkaError) {
            try patiently("list topics", .seconds(10)) { rk, milliseconds in
                TopicRequests.list(rk, milliseconds: milliseconds).flatMap { known in
                    unseen = topics.first { known[$0] == nil }
                    let isReady = topics.allSatisfy { known[$0].map { $0.partitions > 0 && $0.withoutLeader == 0 } ?? false }
                    return isReady ? .success(()) : .failure(KafkaError("list topics", RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE))
                }
            }
        } catch {
            // The topic was created, but after this time no broker lists it.
            if let unseen, try once({ TopicRequests.isHidden($0, unseen, isStopping: isStopping) }) {
                throw .lacks(MissingRight("Describe", .topic(unseen)), "list topics")
            }
            throw error
        }
    }

    private func clusterID() throws(KafkaError) -> String {
        try patiently("cluster id") { rk, milliseconds in
            // The answer arrives without a new request, so short waits suffice and stopping is quick.
            guard let text = rd_kafka_clusterid(rk, min(milliseconds, 500)) else {
                return .failure(KafkaError("cluster id", RD_KAFKA_RESP_ERR__TIMED_OUT))
            }
            defer { rd_kafka_mem_free(rk, text) }
            return .success(String(cString: text))
        }
    }

    func isEmbedded() throws(KafkaError) -> Bool { try clusterID().hasPrefix("mockCluster") }
}
