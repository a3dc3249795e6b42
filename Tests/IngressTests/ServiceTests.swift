import AsyncHTTPClient
import Directory
import Encoding
import Kafka
import NIOCore
import NIOHTTP1
import OCPI
import Outbound
import ServiceLifecycle
import Support
import Synchronization
import Testing
import Topics

@testable import Ingress

/// The whole ingress over real HTTP and the in-memory Kafka; the test replaces EXCHANGE.
@Suite struct ServiceTests {
    @Test func requestsPassThroughKafkaAndBack() async throws {
        let kafka = try await TestKafka()
        defer { kafka.close() }
        let node = try await Node(kafka)
        let group = ServiceGroup(configuration: .init(services: [node.ingress], logger: kafka.logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let base = "http://127.0.0.1:\(await node.port())"
            try await node.check(base)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        await node.stop()
    }
}

/// An ingress process, with the test in place of EXCHANGE.
final class Node: Sendable {
    let ingress: IngressService
    private let kafka: TestKafka
    private let store: StateStore
    private let capabilities: Capabilities
    private let producer: Producer
    private let exchange: PartitionReader
    /// The client has as many connections as a test sends requests in parallel.
    private let client: HTTPClient
    private let connections: OutboundConnections
    private let ports = AsyncStream<Int>.makeStream()

    init(_ kafka: TestKafka, maxPending: Int = 10_000) async throws {
        self.kafka = kafka
        let secrets = TestIngress.secrets
        let policy = try AddressPolicy()
        let producer = try Producer(kafka.settings, logger: kafka.logger)
        self.producer = producer
        client = HTTPClient(
            configuration: .init(
                redirectConfiguration: .disallow,
                connectionPool: .init(idleTimeout: .seconds(60), concurrentHTTP1ConnectionsPerHostSoftLimit: 100)))
        connections = OutboundConnections(policy: policy)
        store = StateStore(kafka: kafka.settings, topics: kafka.topics, secrets: secrets, logger: kafka.logger)
        capabilities = Capabilities(
            kafka: kafka.settings, secrets: secrets, producer: producer, topics: kafka.topics, logger: kafka.logger)
        let writer = StateWriter(producer: producer, topics: kafka.topics, store: store, logger: kafka.logger)
        let settings = IngressSettings(
            publicURL: "http://hub.example", port: 0, hub: party("CH-OCN"), nodeAddress: TestIngress.ownAddress,
            requestTimeout: .milliseconds(700),
            bodyLimit: 1024, headerLimit: 4096, maxPending: maxPending, replyPartitions: TopicSettings().replyPartitions)
        ingress = IngressService(
            settings, kafka: kafka.settings, topics: kafka.topics, store: store, writer: writer, capabilities: capabilities,
            secrets: secrets, producer: producer,
            client: OutboundClient(connections, answerLimit: 1024), logger: kafka.logger,
            onServerRunning: { [ports] port in ports.continuation.yield(port) })
        let topics = kafka.topics
        exchange = PartitionReader(
            kafka.settings, topic: topics.requests, partitions: (0..<Int32(TopicSettings().requestPartitions)).map { $0 },
            start: .beginning,
            logger: kafka.logger,
            onBatch: { batch in
                for record in batch {
                    guard let request = try? RequestRecord(record), request.path != "SILENT", request.reply != nil else { continue }
                    producer.send(TestIngress.ok(request).outgoing(to: topics)) { _ in }
                }
            },
            onEnd: { _, _ in })
        do {
            try await store.start()
            try await capabilities.start()
            try await writer.write(TestIngress.facts(remote: "0x00000000000000000000000000000000000000bb").map(FactChange.put))
            try await exchange.start()
        } catch {
            // A client that is released without shutdown traps, which would hide the original error.
            await stop()
            throw error
        }
    }

    func port() async -> Int {
        for await port in ports.stream { return port }
        return 0
    }

    func stop() async {
        await exchange.stop()
        await capabilities.stop()
        await store.stop()
        await producer.close(flush: .seconds(2))
        try? await client.shutdown()
        await connections.shutdown()
    }

    func check(_ base: String) async throws {
        // Parallel requests, each with its own answer.
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for number in 0..<50 {
                tasks.addTask {
                    let response = try await self.ask(base + "/ocpi/sender/2.2.1/locations/L\(number)", ["X-Request-ID": "r\(number)"])
                    #expect(response.status == .ok)
                    #expect(response.headers.first(name: "X-Request-ID") == "r\(number)")
                    #expect(response.headers.first(name: "OCPI-from-party-id") == "CPO")
                }
            }
            try await tasks.waitForAll()
        }

        // No answer.
        let start = NIODeadline.now()
        let late = try await ask(base + "/ocpi/sender/2.2.1/locations/SILENT")
        let waited = NIODeadline.now() - start
        #expect(late.status == .ok)
        #expect(try await code(late) == 4002)
        #expect(waited >= .milliseconds(700))
        #expect(waited < .seconds(20), "long before anything else gives up")

        // A body over the limit whose length is not announced.
        let chunks = AsyncStream<ByteBuffer> { stream in
            for _ in 0..<20 { stream.yield(ByteBuffer(repeating: UInt8(ascii: "1"), count: 100)) }
            stream.finish()
        }
        var long = request(base + "/ocpi/receiver/2.2.1/cdrs", [:])
        long.method = .POST
        long.body = .stream(chunks, length: .unknown)
        let refused = try await client.execute(long, timeout: .seconds(5))
        #expect(refused.status == .payloadTooLarge)
        #expect(refused.headers.first(name: "Connection") == "close")
        #expect(try await code(refused) == 2000)

        // Other paths.
        let nowhere = try await ask(base + "/nothing")
        #expect(nowhere.status == .notFound)
        #expect(try await code(nowhere) == 2000)
        let versions = try await ask(base + "/ocpi/versions")
        #expect(versions.status == .ok)
    }

    private func request(_ url: String, _ changes: [String: String?]) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: url)
        for (name, value) in headers(changes) { request.headers.add(name: name, value: value) }
        return request
    }

    func ask(_ url: String, _ changes: [String: String?] = [:]) async throws -> HTTPClientResponse {
        try await client.execute(request(url, changes), timeout: .seconds(30))
    }

    func code(_ response: HTTPClientResponse) async throws -> Int? {
        try await response.body.collect(upTo: 1 << 20).jsonInteger(["status_code"])
    }
}
