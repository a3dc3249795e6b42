import Directory
import Encoding
import Kafka
import Matcher
import NIOCore
import OCPI
import ServiceLifecycle
import Support
import Synchronization
import Testing
import Topics

/// A node of several processes that share state only through Kafka: two in which agreements are made and revoked, one that accepts
/// requests, and a MATCHER that reads `ocn.state` late. The service DE-BIL has the permission for CDRs.
final class Processes: Sendable {
    /// An accepted request, and the agreement at that time.
    struct Posted: Sendable {
        let id: String
        let isToBeCopied: Bool
        /// The version of `ocn.state` that the process had read in which the agreement was changed.
        let version: Int64
    }

    private let kafka: TestKafka
    private let producer: Producer
    private let stores: [StateStore]
    private let hub: PartyID
    private let billing: PartyID
    /// A user that has always agreed: when its request is copied, the earlier requests in the same partition have been matched.
    private let witness: PartyID
    /// Ids of requests whose copies stand in the outbox.
    private let copied = Mutex<Set<String>>([])
    private let reader: Mutex<PartitionReader?> = Mutex(nil)

    init(_ fetchWait: FetchWait) async throws {
        hub = try Broadcaster.hub
        billing = try #require(PartyID("DE-BIL"))
        witness = try #require(PartyID("FR-CPO"))
        let kafka = try await TestKafka(services: [billing], fetchWait: fetchWait)
        self.kafka = kafka
        producer = try Producer(kafka.settings, deliveryTimeout: MatcherService.deliveryTimeout(kafka.topics), logger: kafka.logger)
        stores = [Self.store(kafka), Self.store(kafka)]
        for store in stores { try await store.start() }
        let reader = PartitionReader(
            kafka.settings, topic: kafka.topics.outbox(billing), partitions: (0..<Int32(TopicSettings().outboxPartitions)).map { $0 },
            start: .beginning, logger: kafka.logger,
            onBatch: { batch in
                let ids = batch.compactMap { try? CopyRecord($0).copyOf }
                self.copied.withLock { $0.formUnion(ids) }
            }, onEnd: { _, _ in })
        try await reader.start()
        self.reader.withLock { $0 = reader }
        let service = NetworkService(provider: billing, name: "Billing", permissions: [8], delivery: .push, source: "state")
        try await write([.put(.service(service)), .put(agreement(of: witness))], in: 0)
    }

    func stop() async {
        if let reader = reader.withLock({ $0 }) { await reader.stop() }
        for store in stores { await store.stop() }
        await producer.close(flush: .seconds(1))
        kafka.close()
    }

    /// Runs `body` beside a MATCHER, a new one each time, that has its partitions before it begins to read `ocn.state`.
    func matching(_ body: () async throws -> Void) async throws {
        let store = Self.store(kafka, isLate: true)
        let (assignments, assigned) = AsyncStream<Void>.makeStream()
        var membership = MatcherService.membership(of: kafka.topics)
        membership.onAssigned = { assigned.finish() }
        let matcher = MatcherService(
            kafka: kafka.settings, topics: kafka.topics, hub: hub, membership: membership, store: store, producer: producer,
            logger: kafka.logger)
        let group = ServiceGroup(configuration: .init(services: [.init(service: matcher)], logger: kafka.logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            for await _ in assignments {}
            try await store.start()
            try await body()
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        await store.stop()
    }

    private static func store(_ kafka: TestKafka, isLate: Bool = false) -> StateStore {
        var settings = kafka.settings
        // The in-memory cluster answers a fetch that found nothing only after this time, whatever is written meanwhile.
        if isLate, settings.properties["fetch.wait.max.ms"] == FetchWait.short.rawValue { settings.properties["fetch.wait.max.ms"] = "100" }
        let secrets = NodeSecrets(current: Array("a secret of the node".utf8))
        return StateStore(kafka: settings, topics: kafka.topics, secrets: secrets, logger: kafka.logger)
    }

    // MARK: What happens

    /// Makes or revokes the user's agreement, whatever its state; returns when that is acknowledged.
    /// - Returns: the version of `ocn.state` that the process had read in which this was done.
    func change(_ user: PartyID, isAgreed: Bool, in process: Int) async throws -> Int64 {
        let agreement = agreement(of: user)
        try await write([isAgreed ? .put(agreement) : .delete(key: agreement.key)], in: process)
        return stores[process].directory.version
    }

    private func agreement(of user: PartyID) -> Fact { .agreement(Agreement(user: user, provider: billing, source: "state")) }

    private func write(_ changes: [FactChange], in process: Int) async throws {
        try await StateWriter(producer: producer, topics: kafka.topics, store: stores[process], logger: kafka.logger).write(changes)
    }

    /// Writes unreadable records to `ocn.state`.
    func writeNonsense(about user: PartyID) async throws {
        // Kafka refuses records without a key in a compacted topic.
        for (key, text) in [
            ("agreement/\(user)/nonsense", "{"), (kafka.isEmbedded ? nil : "", "{}"), ("agreement/\(user)", #"{"user":1}"#),
        ] {
            let record = OutgoingRecord(
                topic: kafka.topics.state, partition: 0, key: key, value: ByteBuffer(string: text), headers: RecordHeaders())
            _ = try await producer.send(record)
        }
    }

    /// A request of the user; returns when it is acknowledged, as INGRESS does before it says so.
    func accept(_ id: String, from user: PartyID, _ module: ModuleID, isAgreed: Bool, version: Int64) async throws -> Posted {
        try await send(id, from: user, module, key: user)
        return Posted(id: id, isToBeCopied: isAgreed && module == .cdrs, version: version)
    }

    /// Returns when all accepted requests of these users have been matched.
    func matched(_ users: [PartyID]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for user in users { tasks.addTask { try await self.matched(user) } }
            try await tasks.waitForAll()
        }
    }

    private func matched(_ user: PartyID) async throws {
        let id = "witness-\(UUIDText.v7())"
        // The same key leads into the same partition.
        try await send(id, from: witness, .cdrs, key: user)
        try await eventually("\(user)'s requests are matched", within: .seconds(60)) { copied.withLock { $0.contains(id) } }
    }

    private func send(_ id: String, from sender: PartyID, _ module: ModuleID, key: PartyID) async throws {
        let request = RequestRecord(
            id: id, time: .now, module: module, interface: .receiver, method: .post, version: .v2_2_1, from: sender,
            to: try #require(PartyID("NL-MSP")), path: "", requestID: id, correlationID: id, stateVersion: 0,
            body: ByteBuffer(string: #"{"id":"1"}"#), key: "\(key)|cdrs|1")
        _ = try await producer.send(request.outgoing(to: kafka.topics))
    }

    // MARK: What must hold

    /// Checks that there is exactly one copy of each request that was to be copied and none of any other, each made from a state that is
    /// recent enough.
    func check(_ posted: [Posted], seed: UInt64) async throws {
        let records = try await kafka.records(in: kafka.topics.outbox(billing), partitions: TopicSettings().outboxPartitions)
        let copies = Dictionary(grouping: try records.map { try CopyRecord($0) }, by: \.copyOf)
        var wrong: [String] = []
        for request in posted {
            let found = copies[request.id] ?? []
            if found.count != (request.isToBeCopied ? 1 : 0) { wrong.append("\(request.id): \(found.count) copies") }
            for copy in found where copy.request.stateVersion < request.version {
                wrong.append("\(request.id): matched at \(copy.request.stateVersion), acknowledged at \(request.version)")
            }
        }
        #expect(wrong.isEmpty, "seed \(seed): \(wrong.count) of \(posted.count) are wrong: \(wrong.prefix(10))")
    }
}
