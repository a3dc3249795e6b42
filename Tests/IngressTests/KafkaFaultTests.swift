import AsyncHTTPClient
import Kafka
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Support
import Testing
import Topics

@testable import Ingress

/// The whole ingress with a Kafka whose brokers are slow or unreachable.
@Suite(.serialized, .timeLimit(.minutes(5))) struct KafkaFaultTests {
    private struct Outcome: Sendable {
        let id: String
        let status: Int
        let code: Int?
        let retryAfter: String?

        var isSuccess: Bool { status == 200 && code == 1000 }
        var isTimeout: Bool { status == 200 && code == 4002 }
        var isBusy: Bool { status == 503 && retryAfter != nil }
    }

    @Test("Scenario 19: with too few brokers a caller is answered in time or turned away at once, and success is in Kafka")
    func tooFewBrokers() async throws {
        try await withNode(maxPending: 32) { node, base, kafka in
            let cluster = try #require(kafka.embedded)
            for broker: Int32 in [2, 3] { cluster.setBroker(broker, up: false) }
            let outcomes = try await ask(node, base, 60, "few")
            #expect(outcomes.allSatisfy { $0.isSuccess || $0.isTimeout || $0.isBusy }, "\(outcomes)")
            #expect(outcomes.contains { $0.isBusy }, "what cannot be recorded does not pile up")

            for broker: Int32 in [2, 3] { cluster.setBroker(broker, up: true) }
            try await eventually("it recovers by itself", within: .seconds(30)) {
                try await ask(node, base, 8, "again").allSatisfy(\.isSuccess)
            }
            let recorded = try await kafka.records(in: kafka.topics.requests, partitions: TopicSettings().requestPartitions)
            let ids = Set(recorded.compactMap { try? RequestRecord($0).requestID })
            #expect(outcomes.filter(\.isSuccess).allSatisfy { ids.contains($0.id) })
        }
    }

    @Test("Scenario 20: with slow brokers every caller is answered by its deadline, and promptly again when they are well")
    func slowBrokers() async throws {
        try await withNode { node, base, kafka in
            let cluster = try #require(kafka.embedded)
            cluster.setRoundTrip(broker: -1, .seconds(2))
            let outcomes = try await ask(node, base, 20, "slow")
            #expect(outcomes.allSatisfy { $0.isSuccess || $0.isTimeout }, "\(outcomes)")
            #expect(outcomes.contains { $0.isTimeout })
            cluster.setRoundTrip(broker: -1, .zero)
            try await eventually("answers come again") { try await ask(node, base, 5, "well").allSatisfy(\.isSuccess) }
        }
    }

    /// Sends this number of requests in parallel.
    private func ask(_ node: Node, _ base: String, _ count: Int, _ name: String) async throws -> [Outcome] {
        try await withThrowingTaskGroup(of: Outcome.self) { tasks in
            for number in 0..<count {
                tasks.addTask {
                    let id = "\(name)-\(number)"
                    let response = try await node.ask(base + "/ocpi/sender/2.2.1/locations/\(id)", ["X-Request-ID": id])
                    let code = try await node.code(response)
                    return Outcome(
                        id: id, status: Int(response.status.code), code: code, retryAfter: response.headers.first(name: "Retry-After"))
                }
            }
            return try await tasks.reduce(into: []) { $0.append($1) }
        }
    }

    private func withNode(maxPending: Int = 10_000, _ body: (Node, String, TestKafka) async throws -> Void) async throws {
        let kafka = try await TestKafka(ownBrokers: 3)
        defer { kafka.close() }
        let node = try await Node(kafka, maxPending: maxPending)
        let group = ServiceGroup(configuration: .init(services: [node.ingress], logger: kafka.logger))
        let result = await withTaskGroup(of: Void.self, returning: Result<Void, any Error>.self) { tasks in
            tasks.addTask { try? await group.run() }
            let base = "http://127.0.0.1:\(await node.port())"
            let result: Result<Void, any Error>
            do {
                try await eventually("the node answers") { try await ask(node, base, 1, "first").allSatisfy(\.isSuccess) }
                result = .success(try await body(node, base, kafka))
            } catch {
                result = .failure(error)
            }
            await group.triggerGracefulShutdown()
            return result
        }
        await node.stop()
        try result.get()
    }
}
