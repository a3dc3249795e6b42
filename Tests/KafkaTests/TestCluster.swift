import Kafka
import Logging
import NIOCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The Kafka that tests talk to: `OCN_TEST_KAFKA=host:port` if set, else one embedded cluster for the whole run.
enum TestCluster {
    static let logger: Logger = {
        // Tests break things on purpose; `OCN_TEST_LOG=1` shows what librdkafka says about it.
        guard getenv("OCN_TEST_LOG") != nil else { return Logger(label: "kafka-tests") { _ in SwiftLogNoOpLogHandler() } }
        var logger = Logger(label: "kafka-tests")
        logger.logLevel = .debug
        return logger
    }()

    static let external: String? = getenv("OCN_TEST_KAFKA").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }

    static let embedded = Result { () throws(KafkaError) in try EmbeddedCluster(logger: logger) }

    static func settings(_ clientID: String, _ additional: [String: String] = [:]) throws -> KafkaSettings {
        guard let external else { return settings(clientID, try embedded.get(), additional) }
        return KafkaSettings(bootstrap: external, clientID: clientID, properties: additional)
    }

    /// For a cluster of the test's own, to break it.
    static func settings(_ clientID: String, _ cluster: EmbeddedCluster, _ additional: [String: String] = [:]) -> KafkaSettings {
        let properties = ["session.timeout.ms": "4000", "heartbeat.interval.ms": "300", "fetch.wait.max.ms": "2"]
        return KafkaSettings(
            bootstrap: cluster.bootstrap, clientID: clientID, properties: properties.merging(additional) { _, new in new })
    }

    static func topic(partitions: Int = 1) async throws -> String {
        let name = unique("test")
        if external == nil {
            try embedded.get().createTopic(name, partitions: partitions)
        } else {
            let admin = try KafkaAdmin(try settings("test-admin"), logger: logger)
            // As large records as the node's own topics take, and as many replicas.
            let replication = try await admin.usualReplication()
            let config = ["max.message.bytes": "4259840", "min.insync.replicas": "\(max(1, replication - 1))"]
            let wanted = NewTopic(name: name, partitions: partitions, replication: replication, config: config)
            let results = try await admin.createTopics([wanted])
            await admin.close()
            // The name is unique: librdkafka repeated the request, as it does when an answer is late.
            if case let error?? = results[name], !error.isTopicExists { throw error }
        }
        return name
    }

    static func unique(_ prefix: String) -> String {
        "\(prefix)-\(UInt64.random(in: .min ... .max))"
    }

    static func value(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }
}

/// A value that tests wait on, instead of sleeping.
final class Observed<State: Sendable>: Sendable {
    private struct Waiter {
        let id: Int
        let condition: @Sendable (State) -> Bool
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct Contents {
        var state: State
        var waiters: [Waiter] = []
        var cancelled: Set<Int> = []
        var nextID = 0
    }

    private let contents: Mutex<Contents>

    init(_ state: State) {
        contents = Mutex(Contents(state: state))
    }

    var state: State { contents.withLock { $0.state } }

    func update(_ change: (inout State) -> Void) {
        let ready = contents.withLock { contents in
            change(&contents.state)
            let ready = contents.waiters.filter { $0.condition(contents.state) }
            contents.waiters.removeAll { waiter in ready.contains { $0.id == waiter.id } }
            return ready
        }
        for waiter in ready { waiter.continuation.resume(returning: true) }
    }

    /// Whether the condition came true in time.
    func wait(_ timeout: Duration = .seconds(60), until condition: @escaping @Sendable (State) -> Bool) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { await self.waitForever(condition) }
            group.addTask {
                do { try await Task.sleep(for: timeout) } catch {}
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            return first
        }
    }

    private func waitForever(_ condition: @escaping @Sendable (State) -> Bool) async -> Bool {
        let id = contents.withLock { contents in
            contents.nextID += 1
            return contents.nextID
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let immediate: Bool? = contents.withLock { contents in
                    if condition(contents.state) { return true }
                    if contents.cancelled.contains(id) { return false }
                    contents.waiters.append(Waiter(id: id, condition: condition, continuation: continuation))
                    return nil
                }
                if let immediate { continuation.resume(returning: immediate) }
            }
        } onCancel: {
            let waiter = contents.withLock { contents -> Waiter? in
                contents.cancelled.insert(id)
                guard let index = contents.waiters.firstIndex(where: { $0.id == id }) else { return nil }
                return contents.waiters.remove(at: index)
            }
            waiter?.continuation.resume(returning: false)
        }
    }
}

/// A group handler that records all calls and finishes records as the test decides.
final class RecordingHandler: GroupHandler {
    struct Log: Sendable {
        var assigned: [(partitions: [TopicPartition], epoch: UInt64)] = []
        var resumed: [CommitOffset] = []
        var records: [IncomingRecord] = []
        var committed: [CommitOffset] = []
        var revoked: [(partitions: [TopicPartition], lost: Bool)] = []
        var lost: [(partition: TopicPartition, offsets: Range<Int64>)] = []
        var errors: [KafkaError] = []
    }

    let log = Observed(Log())
    private let onRecords: @Sendable ([IncomingRecord]) -> Void

    init(_ onRecords: @escaping @Sendable ([IncomingRecord]) -> Void = { _ in }) {
        self.onRecords = onRecords
    }

    func resuming(_ committed: [CommitOffset], epoch: UInt64) { log.update { $0.resumed += committed } }
    func assigned(_ partitions: [TopicPartition], epoch: UInt64, acknowledger: RecordAcknowledger) {
        log.update { $0.assigned.append((partitions, epoch)) }
    }
    func received(_ batch: [IncomingRecord], acknowledger: RecordAcknowledger) {
        log.update { $0.records += batch }
        onRecords(batch)
    }
    func committed(_ offsets: [CommitOffset]) { log.update { $0.committed += offsets } }
    func revoked(_ partitions: [TopicPartition], lost: Bool, acknowledger: RecordAcknowledger) {
        log.update { $0.revoked.append((partitions, lost)) }
    }
    func lost(_ partition: TopicPartition, _ offsets: Range<Int64>) { log.update { $0.lost.append((partition, offsets)) } }
    func failed(_ error: KafkaError) { log.update { $0.errors.append(error) } }
}
