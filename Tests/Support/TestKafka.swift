import Foundation
package import Kafka
package import Logging
package import OCPI
import Synchronization
package import Topics

/// A Kafka cluster for one test suite: in memory, or the real one of `OCN_TEST_KAFKA=host:port`. Topics have a unique prefix, so suites do
/// not interfere.
package final class TestKafka: Sendable {
    /// The connection to the cluster.
    package let settings: KafkaSettings
    /// The topic names.
    package let topics: TopicNames
    /// The log of the clients; silent unless `OCN_TEST_LOG` is set.
    package let logger: Logger
    /// The in-memory cluster, for faults; nil for a real one.
    package let embedded: EmbeddedCluster?

    /// Starts or finds the cluster and creates all fixed topics and the outboxes of `services`.
    /// - Parameters:
    ///   - services: the services that may get copies.
    ///   - ownBrokers: number of brokers of an in-memory cluster for a test that causes faults, whatever `OCN_TEST_KAFKA` says.
    ///   - fetchWait: how long the in-memory cluster holds fetches that find nothing; not used with a real one.
    package init(services: [PartyID] = [], ownBrokers: Int? = nil, fetchWait: FetchWait = .short) async throws {
        var logger = Logger(label: "test")
        logger.logLevel = ProcessInfo.processInfo.environment["OCN_TEST_LOG"] == nil ? .critical : .debug
        self.logger = logger
        topics = TopicNames(prefix: "t\(UInt32.random(in: .min ... .max)).")
        let topicSettings = TopicSettings(replication: ownBrokers == nil ? try await TestKafka.replication : 1)
        let wanted = topicSettings.fixedTopics(topics) + services.map { [topics] in topicSettings.outboxTopic(topics, $0) }
        if let bootstrap = TestKafka.realCluster, ownBrokers == nil {
            embedded = nil
            settings = KafkaSettings(bootstrap: bootstrap, clientID: "test")
            let admin = try KafkaAdmin(settings, logger: logger)
            for (name, failure) in try await admin.createTopics(wanted) {
                if let failure, !failure.isTopicExists { throw SetupError(description: "\(name): \(failure)") }
            }
            await admin.close()
        } else {
            let cluster = try EmbeddedCluster(brokers: ownBrokers ?? 1, logger: logger)
            for topic in wanted { try cluster.createTopic(topic.name, partitions: topic.partitions) }
            embedded = cluster
            settings = KafkaSettings(
                bootstrap: cluster.bootstrap, clientID: "test",
                properties: ["session.timeout.ms": "4000", "heartbeat.interval.ms": "300", "fetch.wait.max.ms": fetchWait.rawValue])
        }
    }

    /// Whether this is the in-memory cluster.
    package var isEmbedded: Bool { embedded != nil }

    /// The real cluster to test with, if any.
    package static var realCluster: String? {
        ProcessInfo.processInfo.environment["OCN_TEST_KAFKA"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Number of replicas of the partitions that tests create: three if there are as many brokers.
    package static var replication: Int { get async throws { try await asked.value } }
    /// Determined once, because tests may stop brokers later.
    private static let asked = Task {
        guard let bootstrap = realCluster else { return 1 }
        return try await KafkaAdmin.with(KafkaSettings(bootstrap: bootstrap, clientID: "test"), logger: Logger(label: "test")) {
            try await $0.usualReplication()
        }
    }

    /// Creates a topic.
    package func createTopic(_ name: String, partitions: Int) async throws {
        if let embedded {
            try embedded.createTopic(name, partitions: partitions)
        } else {
            let admin = try KafkaAdmin(settings, logger: logger)
            let replication = try await TestKafka.replication
            let wanted = NewTopic(
                name: name, partitions: partitions, replication: replication,
                config: ["min.insync.replicas": "\(max(1, replication - 1))"])
            let results = try await admin.createTopics([wanted])
            await admin.close()
            // The name is unique, so the topic is from an earlier attempt: librdkafka repeats the request when an answer is late.
            if case let failure?? = results[name], !failure.isTopicExists { throw SetupError(description: "\(name): \(failure)") }
        }
    }

    /// All records in a topic, in order per partition, read from the beginning.
    package func records(in topic: String, partitions: Int) async throws -> [IncomingRecord] {
        let collected = Collected(partitions: partitions)
        let reader = PartitionReader(
            settings, topic: topic, partitions: (0..<Int32(partitions)).map { $0 }, start: .beginning, logger: logger,
            onBatch: { collected.add($0) }, onEnd: { partition, _ in collected.ended(partition) })
        try await reader.start()
        await collected.complete()
        await reader.stop()
        return collected.records
    }

    /// Stops the in-memory cluster.
    package func close() { embedded?.close() }

    struct SetupError: Error, CustomStringConvertible { let description: String }
}

/// Collects records until every partition has been read to its end.
private final class Collected: Sendable {
    private struct State {
        var records: [IncomingRecord] = []
        var open: Set<Int32>
    }
    private let state: Mutex<State>
    private let done = AsyncStream<Void>.makeStream()

    init(partitions: Int) {
        state = Mutex(State(open: Set(0..<Int32(partitions))))
    }

    func add(_ batch: [IncomingRecord]) { state.withLock { $0.records += batch } }

    func ended(_ partition: Int32) {
        let isComplete = state.withLock { state in
            state.open.remove(partition)
            return state.open.isEmpty
        }
        if isComplete { done.continuation.finish() }
    }

    func complete() async { for await _ in done.stream {} }

    var records: [IncomingRecord] { state.withLock { $0.records } }
}
