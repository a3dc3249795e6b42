import AsyncHTTPClient
import Directory
import Encoding
import Kafka
import Metrics
import NIOCore
import NIOHTTP1
import OCPI
import Outbound
import ServiceLifecycle
import Support
import Telemetry
import Testing
import Topics

@testable import Ingress

/// Ingress processes over real HTTP on one Kafka. The test replaces EXCHANGE: it reads the requests and writes any replies into
/// `ocn.replies`.
final class ReplyScript: Sendable {
    struct Reply: Sendable {
        let status: Int
        let code: Int?
        let text: String?
    }

    /// The partition of `ocn.replies` that every ingress here reads.
    static let partition: Int32 = 1

    let kafka: TestKafka
    let producer: Producer
    private let store: StateStore
    private let capabilities: Capabilities
    private let writer: StateWriter
    private let reader: PartitionReader
    private let requests: Shared<[String: RequestRecord]>
    private let client: HTTPClient

    private init(_ kafka: TestKafka) throws {
        self.kafka = kafka
        producer = try Producer(kafka.settings, logger: kafka.logger)
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        // Waiting callers must not prevent others from sending.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 128
        client = HTTPClient(configuration: configuration)
        store = StateStore(kafka: kafka.settings, topics: kafka.topics, secrets: TestIngress.secrets, logger: kafka.logger)
        capabilities = Capabilities(
            kafka: kafka.settings, secrets: TestIngress.secrets, producer: producer, topics: kafka.topics, logger: kafka.logger)
        writer = StateWriter(producer: producer, topics: kafka.topics, store: store, logger: kafka.logger)
        let requests = Shared<[String: RequestRecord]>([:])
        self.requests = requests
        reader = PartitionReader(
            kafka.settings, topic: kafka.topics.requests, partitions: (0..<Int32(TopicSettings().requestPartitions)).map { $0 },
            start: .beginning, logger: kafka.logger,
            onBatch: { batch in
                let records = batch.compactMap { try? RequestRecord($0) }
                requests.withLock { requests in
                    for record in records { requests[record.path.split(separator: "/").last.map(String.init) ?? ""] = record }
                }
            },
            onEnd: { _, _ in })
    }

    /// Runs `body` with a new instance.
    static func open(_ body: (ReplyScript) async throws -> Void) async throws {
        let kafka = try await TestKafka()
        defer { kafka.close() }
        let replies = try ReplyScript(kafka)
        do {
            try await replies.store.start()
            try await replies.capabilities.start()
            try await replies.reader.start()
            try await replies.writer.write(TestIngress.facts(remote: "0x00000000000000000000000000000000000000bb").map(FactChange.put))
            try await body(replies)
        } catch {
            await replies.close()
            throw error
        }
        await replies.close()
    }

    private func close() async {
        await reader.stop()
        await capabilities.stop()
        await store.stop()
        await producer.close(flush: .seconds(2))
        try? await client.shutdown()
    }

    /// Runs `body` with one run of an ingress, which waits only 300 ms for answers of the tariffs module.
    func withIngress(_ body: (_ base: String, PrometheusMetrics) async throws -> Void) async throws {
        let metrics = PrometheusMetrics(includesProcess: false)
        let ports = AsyncStream<Int>.makeStream()
        let settings = IngressSettings(
            publicURL: "http://hub.example", port: 0, hub: party("CH-OCN"), nodeAddress: TestIngress.ownAddress,
            requestTimeout: .seconds(20),
            moduleTimeouts: [.tariffs: .milliseconds(300)], replyPartition: Self.partition,
            replyPartitions: TopicSettings().replyPartitions)
        let connections = OutboundConnections(policy: try AddressPolicy())
        let peers = OutboundClient(connections, answerLimit: 1024)
        let ingress = withMetricsFactory(metrics) {
            IngressService(
                settings, kafka: kafka.settings, topics: kafka.topics, store: store, writer: writer, capabilities: capabilities,
                secrets: TestIngress.secrets, producer: producer, client: peers, logger: kafka.logger,
                onServerRunning: { port in ports.continuation.yield(port) })
        }
        let group = ServiceGroup(configuration: .init(services: [ingress], logger: kafka.logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { ports.continuation.finish() }
                try await group.run()
            }
            var failure: (any Error)?
            for await port in ports.stream {
                do { try await body("http://127.0.0.1:\(port)", metrics) } catch { failure = error }
                await group.triggerGracefulShutdown()
            }
            do { try await tasks.waitForAll() } catch { failure = failure ?? error }
            await connections.shutdown()
            if let failure { throw failure }
        }
    }

    /// A GET by DE-MSP at DE-CPO.
    func get(_ base: String, _ name: String, of module: ModuleID = .locations) async throws -> Reply {
        let place = module == .locations ? "sender/2.2.1/locations" : "receiver/2.2.1/\(module)/NL/MSP"
        var request = HTTPClientRequest(url: "\(base)/ocpi/\(place)/\(name)")
        for (name, value) in headers(["X-Request-ID": name]) { request.headers.add(name: name, value: value) }
        let response = try await client.execute(request, timeout: .seconds(30))
        let body = try await response.body.collect(upTo: 1 << 20)
        return Reply(status: Int(response.status.code), code: body.jsonInteger(["status_code"]), text: body.jsonString(["data"]))
    }

    /// Waits for the request of that name in `ocn.requests`.
    func request(_ name: String) async throws -> RequestRecord {
        try await eventually("\(name) is asked for") { requests.withLock { $0[name] != nil } }
        return try #require(requests.withLock { $0[name] })
    }

    /// Writes a valid reply into `ocn.replies`, unless `change` makes it invalid.
    func reply(
        to request: RequestRecord, _ text: String, partition: Int32? = nil, _ change: (inout ReplyRecord) -> Void = { _ in }
    ) async throws {
        var reply = TestIngress.ok(request)
        reply.body = ByteBuffer(string: #"{"status_code":1000,"timestamp":"2026-01-01T00:00:00Z","data":"\#(text)"}"#)
        change(&reply)
        var record = reply.outgoing(to: kafka.topics)
        if let partition { record.partition = partition }
        _ = try await producer.send(record)
    }

    /// The number of replies that an ingress has dropped, by reason.
    static func dropped(_ metrics: PrometheusMetrics) -> [String: Int] {
        var counts: [String: Int] = [:]
        for line in String(buffer: metrics.render()).split(separator: "\n") {
            let parts = line.split(separator: "\"")
            guard parts.count == 3, parts[0] == "ocn_ingress_replies_dropped_total{reason=" else { continue }
            counts[String(parts[1])] = Int(parts[2].dropFirst(2))
        }
        return counts
    }
}
