import Directory
import Encoding
import Kafka
import Matcher
import NIOCore
import OCPI
import ServiceLifecycle
import Support
import Testing
import Topics

@Suite(.timeLimit(.minutes(5))) struct MatcherBacklogTests {
    private static let requests = 2000

    /// MATCHER queries the end of `ocn.state` for each batch. Behind a waiting fetch the queries alone would take longer than this test
    /// allows. A partition whose reading begins after that of others waits once for their fetch, which happens now and then on a busy
    /// machine.
    @Test func aBacklogIsMatchedOnceWhileFetchesWaitLong() async throws {
        for _ in 1...3 where try await isMatchedInTime() { return }
        Issue.record("not matched in time in any of three attempts")
    }

    private func isMatchedInTime() async throws -> Bool {
        let billing = try #require(PartyID("DE-BIL"))
        let cpo = try #require(PartyID("DE-CPO"))
        let kafka = try await TestKafka(services: [billing])
        defer { kafka.close() }
        let producer = try Producer(kafka.settings, deliveryTimeout: MatcherService.deliveryTimeout(kafka.topics), logger: kafka.logger)
        let secrets = NodeSecrets(current: Array("a secret of the node".utf8))
        try await writeState(
            kafka, producer, secrets,
            [
                .put(.service(NetworkService(provider: billing, name: "Billing", permissions: [8], delivery: .push, source: "state"))),
                .put(.agreement(Agreement(user: cpo, provider: billing, source: "state"))),
            ])
        try await fill(kafka, producer, from: cpo)

        var patient = kafka.settings
        // On several brokers an added partition waits once for the fetch of the others.
        if kafka.isEmbedded { patient.properties["fetch.wait.max.ms"] = "50000" }
        let store = StateStore(kafka: patient, topics: kafka.topics, secrets: secrets, logger: kafka.logger)
        try await store.start()
        let matcher = MatcherService(
            kafka: patient, topics: kafka.topics, hub: try #require(PartyID("CH-OCN")), store: store, producer: producer,
            logger: kafka.logger)
        let group = ServiceGroup(configuration: .init(services: [.init(service: matcher)], logger: kafka.logger))
        let admin = try KafkaAdmin(kafka.settings, logger: kafka.logger)
        let places = (0..<TopicSettings().outboxPartitions).map {
            TopicPartition(topic: kafka.topics.outbox(billing), partition: Int32($0))
        }
        func copied() async throws -> Int64 { try await admin.watermarks(of: places).values.reduce(0) { $0 + $1.upperBound } }
        let deadline = ContinuousClock.now + .seconds(40)
        let isInTime = try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            while try await copied() < Self.requests, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(10)) }
            let isInTime = ContinuousClock.now < deadline
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return isInTime
        }
        #expect(try await copied() == Self.requests || !isInTime)
        await admin.close()
        await store.stop()
        await producer.close(flush: .seconds(1))
        return isInTime
    }

    private func writeState(_ kafka: TestKafka, _ producer: Producer, _ secrets: NodeSecrets, _ changes: [FactChange]) async throws {
        let store = StateStore(kafka: kafka.settings, topics: kafka.topics, secrets: secrets, logger: kafka.logger)
        try await store.start()
        try await StateWriter(producer: producer, topics: kafka.topics, store: store, logger: kafka.logger).write(changes)
        await store.stop()
    }

    private func fill(_ kafka: TestKafka, _ producer: Producer, from cpo: PartyID) async throws {
        let msp = try #require(PartyID("NL-MSP"))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for number in 0..<Self.requests {
                let request = RequestRecord(
                    id: "\(number)", time: .now, module: .cdrs, interface: .receiver, method: .post, version: .v2_2_1, from: cpo, to: msp,
                    path: "", requestID: "r", correlationID: "c", stateVersion: 0, body: ByteBuffer(string: "{}"),
                    key: "DE-CPO|cdrs|\(number)")
                let record = request.outgoing(to: kafka.topics)
                tasks.addTask { _ = try await producer.send(record) }
            }
            try await tasks.waitForAll()
        }
    }
}
