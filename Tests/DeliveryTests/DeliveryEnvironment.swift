import Directory
import Encoding
import Kafka
import Logging
import NIOCore
import NIOPosix
import OCPI
import Support
import Synchronization
import TestParties
import Testing
import Topics

@testable import Delivery
@testable import Outbound

/// What delivery needs of one node, on its own Kafka: DE-MSP, DE-CPO and the service DE-BIL are connected here.
final class DeliveryEnvironment: Sendable {
    static let publicURL = "https://hub.example"

    let kafka: TestKafka
    let producer: Producer
    let store: StateStore
    let writer: StateWriter
    let capabilities: Capabilities
    let client: OutboundClient
    let msp: PartyServer
    let cpo: PartyServer
    let service: PartyServer
    private let connections: OutboundConnections
    private let replies = Mutex<[String: ReplyRecord]>([:])
    private let reader: Mutex<PartitionReader?> = Mutex(nil)

    init(
        msp: @escaping @Sendable (ServerRequest) -> ServerAnswer = { _ in .success },
        cpo: @escaping @Sendable (ServerRequest) -> ServerAnswer = { _ in .success },
        service: @escaping @Sendable (ServerRequest) -> ServerAnswer = { _ in .success },
        ownBrokers: Int? = nil, maxLinksPerParty: Int = Capabilities.maxLinksPerParty
    ) async throws {
        let provider = try #require(PartyID("DE-BIL"))
        kafka = try await TestKafka(services: [provider], ownBrokers: ownBrokers)
        producer = try Producer(kafka.settings, logger: kafka.logger)
        store = StateStore(kafka: kafka.settings, topics: kafka.topics, secrets: Fixture.secrets, logger: kafka.logger)
        capabilities = Capabilities(
            kafka: kafka.settings, secrets: Fixture.secrets, producer: producer, topics: kafka.topics, logger: kafka.logger,
            maxLinksPerParty: maxLinksPerParty)
        writer = StateWriter(producer: producer, topics: kafka.topics, store: store, logger: kafka.logger)
        let policy = try AddressPolicy(allowing: ["127.0.0.0/8"])
        self.msp = try await PartyServer.recording(msp)
        self.cpo = try await PartyServer.recording(cpo)
        self.service = try await PartyServer.recording(service)
        // Last, because a client that is released without shutdown traps.
        connections = OutboundConnections(policy: policy)
        client = OutboundClient(connections, answerLimit: RecordLimits.answerBody)
        do {
            try await start(provider)
        } catch {
            await close()
            throw error
        }
    }

    private func start(_ provider: PartyID) async throws {
        try await store.start()
        try await capabilities.start()
        _ = await store.ready(timeout: .seconds(10))
        let facts =
            try Fixture.platform("msp", ["DE-MSP"], url: self.msp.url, [(.commands, .sender), (.chargingprofiles, .sender)])
            + Fixture.platform(
                "cpo", ["DE-CPO"], url: self.cpo.url,
                [
                    (.locations, .sender), (.commands, .receiver), (.cdrs, .receiver), (.tokens, .receiver), (.chargingprofiles, .receiver),
                ])
            + Fixture.platform("bil", ["DE-BIL"], url: self.service.url, [(.cdrs, .receiver)])
            + [
                // The CPO's server also replaces the other node.
                .node(NetworkNode(operatorAddress: "0xother", url: self.cpo.url, source: "file")),
                .party(NetworkParty(party: try #require(PartyID("NL-CPO")), roles: ["CPO"], operatorAddress: "0xother", source: "file")),
                .service(NetworkService(provider: provider, name: "billing", permissions: [0], source: "file")),
                .agreement(Agreement(user: try #require(PartyID("DE-MSP")), provider: provider, source: "file")),
            ]
        try await writer.write(facts.map(FactChange.put))
        let reader = PartitionReader(
            kafka.settings, topic: kafka.topics.replies, partitions: [0], start: .end, logger: kafka.logger,
            onBatch: { batch in
                for record in batch {
                    guard let reply = try? ReplyRecord(record) else { continue }
                    self.replies.withLock { replies in
                        #expect(replies[reply.requestID] == nil, "answered twice")
                        replies[reply.requestID] = reply
                    }
                }
            }, onEnd: { _, _ in })
        try await reader.start()
        self.reader.withLock { $0 = reader }
    }

    /// Runs `body` while the roles run, then stops them.
    func run(exchange: ExchangeService? = nil, push: PushService? = nil, _ body: () async throws -> Void) async throws {
        let failure = await withTaskGroup(of: Void.self, returning: (any Error)?.self) { group in
            if let exchange { group.addTask { try? await exchange.run() } }
            if let push { group.addTask { try? await push.run() } }
            var failure: (any Error)?
            do {
                if let exchange { try await eventually("exchange has joined") { !exchange.assignment.isEmpty } }
                if let push { try await eventually("push has joined") { !push.assignment.isEmpty } }
                try await body()
            } catch { failure = error }
            group.cancelAll()
            return failure
        }
        await close()
        if let failure { throw failure }
    }

    func exchange(
        logger: Logger? = nil, _ change: (inout ExchangeSettings) -> Void = { _ in },
        onAnswer: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> ExchangeService {
        var settings = ExchangeSettings(publicURL: Self.publicURL, nodeKey: try #require(Fixture.key))
        change(&settings)
        return ExchangeService(
            kafka: kafka.settings, topics: kafka.topics, settings: settings, store: store, capabilities: capabilities, producer: producer,
            client: client, logger: logger ?? kafka.logger, onAnswer: onAnswer)
    }

    /// Breakers are off unless `change` enables them.
    func push(
        drain: Duration = .seconds(2), worker: String? = nil, _ change: (inout PushSettings) -> Void = { _ in }
    ) throws -> PushService {
        var membership = PushService.membership(of: kafka.topics)
        membership.drain = drain
        var settings = PushSettings(nodeKey: try #require(Fixture.key), backoffBase: .milliseconds(20), backoffCap: .milliseconds(100))
        settings.breaker.minimumCalls = .max
        change(&settings)
        return PushService(
            kafka: kafka.settings, topics: kafka.topics, membership: membership, settings: settings, store: store, producer: producer,
            client: client, reports: worker.map { BreakerReports(worker: $0, store: store, writer: writer) }, logger: kafka.logger)
    }

    /// Writes a request and waits for its answer.
    func ask(_ record: RequestRecord) async throws -> ReplyRecord {
        var record = record
        record.stateVersion = store.directory.version
        _ = try await producer.send(record.outgoing(to: kafka.topics))
        let id = record.id
        try await eventually("answer to \(record.method) \(record.module)") { self.replies.withLock { $0[id] } != nil }
        return try #require(replies.withLock { $0[id] })
    }

    /// The answer to a request, if it has come.
    func reply(to record: RequestRecord) -> ReplyRecord? { replies.withLock { $0[record.id] } }

    /// Writes a copy for a service.
    func copy(
        _ record: RequestRecord, id: String, key: String, to recipient: String = "DE-BIL", judgedAt version: Int64? = nil
    ) async throws {
        var record = record
        record.key = key
        record.stateVersion = version ?? store.directory.version
        let copy = CopyRecord(
            of: record, id: id, for: try #require(PartyID(recipient)), permission: try #require(Permission(rawValue: 0)))
        _ = try await producer.send(copy.outgoing(to: kafka.topics))
    }

    /// Connects the service to the other node from now on.
    func moveService() async throws {
        let service = try #require(PartyID("DE-BIL"))
        let claim = Fact.claim(PartyClaim(party: service, platform: "bil", since: Timestamp(milliseconds: 1)))
        let moved = NetworkParty(party: service, roles: ["OTHER"], operatorAddress: "0xother", source: "file")
        try await writer.write([.delete(key: claim.key), .put(.party(moved))])
    }

    /// Writes an announcement of the hub.
    func announce(
        _ record: RequestRecord, to recipient: String, node: String? = nil, key: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        var record = record
        record.from = try #require(PartyID("CH-OCN"), sourceLocation: sourceLocation)
        record.to = try #require(PartyID(recipient), sourceLocation: sourceLocation)
        record.key = key
        record.stateVersion = store.directory.version
        _ = try await producer.send(AnnouncementRecord(request: record, node: node).outgoing(to: kafka.topics))
    }

    func dead() async throws -> [DeadRecord] {
        try await kafka.records(in: kafka.topics.dead, partitions: TopicSettings().outboxPartitions).map { try DeadRecord($0) }
    }

    private func close() async {
        if let reader = reader.withLock({ $0 }) { await reader.stop() }
        await store.stop()
        await capabilities.stop()
        await producer.close(flush: .seconds(1))
        await connections.shutdown()
        for server in [msp, cpo, service] { await server.stop() }
        kafka.close()
    }
}
