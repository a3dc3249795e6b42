import Directory
import Encoding
import Kafka
import Logging
import Matcher
import NIOCore
import OCPI
import Support
import Synchronization
import Testing
import Topics

/// MATCHER under faults. Copies are written at least once, always under the same id; that each is visible once is not promised.
@Suite(.serialized, .timeLimit(.minutes(5))) struct FanoutScenarios {
    @Test("Scenario 14: a rebalance in the middle of a slow fan-out ends, and every copy is there in order")
    func aRebalanceInTheMiddleOfAFanOut() async throws {
        let network = try await Network(ownBrokers: 1)
        let cluster = try #require(network.kafka.embedded)
        try await network.run { network in
            let assignments = Atomic<Int>(0)
            let first = try network.matcher(onAssigned: { assignments.add(1, ordering: .relaxed) })
            let second = try network.matcher(onAssigned: { assignments.add(1, ordering: .relaxed) })
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await first.run() }
                try await network.send(0..<20)
                try await eventually("the first worker copies") { try await network.copies().count == 60 }
                let before = assignments.load(ordering: .relaxed)

                // From now on there is always something that waits for its acknowledgement.
                cluster.setRoundTrip(broker: -1, .milliseconds(150))
                tasks.addTask { try await second.run() }
                for round in 1...8 {
                    try await network.send(round * 20..<(round + 1) * 20)
                    if assignments.load(ordering: .relaxed) >= before + 2 { break }
                }
                try await eventually("both have their share", within: .seconds(30)) {
                    assignments.load(ordering: .relaxed) >= before + 2
                }
                cluster.setRoundTrip(broker: -1, .zero)
                let sent = network.sent
                try await eventually("all copies are there", within: .seconds(30)) {
                    Set(try await network.copies().map(\.name)).count == 3 * sent
                }
                tasks.cancelAll()
                try await tasks.waitForAll()
            }
            try network.check(try await network.copies())
        }
    }

    @Test("Scenario 16: after a crash between two copies of a request all are there, the repeated ones under the same ids")
    func aCrashBetweenTwoCopies() async throws {
        let network = try await Network(ownBrokers: 1)
        let cluster = try #require(network.kafka.embedded)
        try await network.run { network in
            try await network.send(0..<1)
            // One copy is taken, the next one refused for good (Kafka's error 29); API 0 is Produce, and nobody else writes meanwhile.
            cluster.pushErrors(api: 0, [0, 29])
            let crashing = try network.matcher(logger: Logger(label: "crashing") { _ in SwiftLogNoOpLogHandler() })
            await #expect(throws: KafkaError.self) { try await crashing.run() }
            let left = try await network.copies()
            #expect(!left.isEmpty && Set(left.map(\.name)).count < 3, "the fan-out was cut off in the middle")

            let next = try network.matcher()
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await next.run() }
                try await eventually("all copies are there") { Set(try await network.copies().map(\.name)).count == 3 }
                tasks.cancelAll()
                try await tasks.waitForAll()
            }
            let copies = try await network.copies()
            #expect(copies.count > 3, "what was written before is written again")
            try network.check(copies)
        }
    }
}

/// One CPO that agreed to three services, and what MATCHER needs.
private final class Network: Sendable {
    let kafka: TestKafka
    let services: [PartyID]
    private let producer: Producer
    private let store: StateStore
    private let numbers = Mutex(0)

    init(ownBrokers: Int?) async throws {
        services = try ["DE-BIL", "NL-TAX", "AT-LOG"].map { try #require(PartyID($0)) }
        kafka = try await TestKafka(services: services, ownBrokers: ownBrokers)
        producer = try Producer(kafka.settings, deliveryTimeout: MatcherService.deliveryTimeout(kafka.topics), logger: kafka.logger)
        store = StateStore(
            kafka: kafka.settings, topics: kafka.topics, secrets: NodeSecrets(current: Array("a secret of the node".utf8)),
            logger: kafka.logger)
        try await store.start()
        let writer = StateWriter(producer: producer, topics: kafka.topics, store: store, logger: kafka.logger)
        let cpo = try #require(PartyID("DE-CPO"))
        try await writer.write(
            services.flatMap { provider in
                [
                    FactChange.put(.service(NetworkService(provider: provider, name: "service", permissions: [8], source: "state"))),
                    .put(.agreement(Agreement(user: cpo, provider: provider, source: "state"))),
                ]
            })
    }

    /// How many requests were sent.
    var sent: Int { numbers.withLock { $0 } }

    func run(_ body: (Network) async throws -> Void) async throws {
        let result: Result<Void, any Error>
        do { result = .success(try await body(self)) } catch { result = .failure(error) }
        await store.stop()
        await producer.close(flush: .seconds(1))
        kafka.close()
        try result.get()
    }

    func matcher(logger: Logger? = nil, onAssigned: (@Sendable () -> Void)? = nil) throws -> MatcherService {
        var membership = MatcherService.membership(of: kafka.topics)
        membership.onAssigned = onAssigned
        return MatcherService(
            kafka: kafka.settings, topics: kafka.topics, hub: try #require(PartyID("CH-OCN")), membership: membership, store: store,
            producer: producer, logger: logger ?? kafka.logger)
    }

    /// CDRs of five sessions in turn; returns when Kafka has them.
    func send(_ range: Range<Int>) async throws {
        let cpo = try #require(PartyID("DE-CPO"))
        let msp = try #require(PartyID("NL-MSP"))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for number in range {
                let request = RequestRecord(
                    id: "request-\(number)", time: .now, module: .cdrs, interface: .receiver, method: .post, version: .v2_2_1, from: cpo,
                    to: msp, path: "", requestID: "r\(number)", correlationID: "c\(number)", stateVersion: store.directory.version,
                    body: ByteBuffer(string: #"{"number":\#(number)}"#), key: "DE-CPO|cdrs|\(number % 5)")
                let record = request.outgoing(to: kafka.topics)
                // Only one of a session at a time: their order is what is checked.
                if number % 5 == 0 { try await tasks.waitForAll() }
                tasks.addTask { _ = try await self.producer.send(record) }
            }
            try await tasks.waitForAll()
        }
        numbers.withLock { $0 += range.count }
    }

    struct Copy: Sendable {
        let record: CopyRecord
        /// Which copy of which request: the same for all repeats.
        var name: String { "\(record.copyOf) \(record.request.to)" }
    }

    /// Everything in the outboxes, in order per service and object.
    func copies() async throws -> [Copy] {
        var copies: [Copy] = []
        for service in services {
            copies += try await kafka.records(in: kafka.topics.outbox(service), partitions: TopicSettings().outboxPartitions)
                .map { Copy(record: try CopyRecord($0)) }
        }
        return copies
    }

    /// One id per copy, whatever was repeated; new ones in order per service and object.
    func check(_ copies: [Copy]) throws {
        var ids: [String: String] = [:]
        var newest: [String: Int] = [:]
        for copy in copies {
            let known = ids.updateValue(copy.record.id, forKey: copy.name)
            #expect(known == nil || known == copy.record.id, "\(copy.name) has two ids")
            guard known == nil else { continue }
            let number = try #require(copy.record.request.body?.jsonInteger(["number"]))
            let lane = "\(copy.record.request.to) \(number % 5)"
            #expect(newest[lane].map { $0 < number } ?? true, "\(lane): \(number) came late")
            newest[lane] = number
        }
        #expect(Set(ids.values).count == ids.count && ids.count == 3 * sent)
    }
}
