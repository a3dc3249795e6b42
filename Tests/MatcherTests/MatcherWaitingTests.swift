import Directory
import Encoding
import Kafka
import NIOCore
import OCPI
import Support
import Synchronization
import Testing
import Topics

@testable import Matcher

/// MATCHER waits for newer state; its consumer's thread does not.
@Suite struct MatcherWaitingTests {
    /// Passes on what the consumer tells, and notes how long the worker holds its thread.
    private final class Timed: GroupHandler {
        struct Seen: Sendable {
            var received = 0
            var longest = Duration.zero
        }

        private let worker: MatcherWorker
        private let state = Mutex(Seen())

        init(_ worker: MatcherWorker) { self.worker = worker }

        var seen: Seen { state.withLock { $0 } }

        private func measure(_ body: () -> Void) {
            let time = ContinuousClock().measure(body)
            state.withLock { $0.longest = max($0.longest, time) }
        }

        func assigned(_ partitions: [TopicPartition], epoch: UInt64, acknowledger: RecordAcknowledger) {
            measure { worker.assigned(partitions, epoch: epoch, acknowledger: acknowledger) }
        }

        func received(_ batch: [IncomingRecord], acknowledger: RecordAcknowledger) {
            state.withLock { $0.received += batch.count }
            measure { worker.received(batch, acknowledger: acknowledger) }
        }

        func revoked(_ partitions: [TopicPartition], lost: Bool, acknowledger: RecordAcknowledger) {
            measure { worker.revoked(partitions, lost: lost, acknowledger: acknowledger) }
        }
    }

    private static let requests = 1000
    /// About a hundred requests; fifty; forty.
    private static let limits = MatcherQueue.Limits(pause: 100 * 1040, resume: 50 * 1040, judge: 40 * 1040)

    @Test(.timeLimit(.minutes(5))) func theConsumersThreadGoesOnWhileNewerStateIsWaitedFor() async throws {
        let billing = try #require(PartyID("DE-BIL"))
        let cpo = try #require(PartyID("DE-CPO"))
        let kafka = try await TestKafka(services: [billing])
        defer { kafka.close() }
        let producer = try Producer(kafka.settings, deliveryTimeout: MatcherService.deliveryTimeout(kafka.topics), logger: kafka.logger)
        let secrets = NodeSecrets(current: Array("a secret of the node".utf8))
        let own = StateStore(kafka: kafka.settings, topics: kafka.topics, secrets: secrets, logger: kafka.logger)
        try await own.start()
        try await StateWriter(producer: producer, topics: kafka.topics, store: own, logger: kafka.logger).write([
            .put(.service(NetworkService(provider: billing, name: "Billing", permissions: [8], delivery: .push, source: "state"))),
            .put(.agreement(Agreement(user: cpo, provider: billing, source: "state"))),
        ])
        await own.stop()

        // Reads `ocn.state` late.
        let store = StateStore(kafka: kafka.settings, topics: kafka.topics, secrets: secrets, logger: kafka.logger)
        let worker = MatcherWorker(
            producer: producer, topics: kafka.topics, hub: try Broadcaster.hub, store: store, limits: Self.limits, logger: kafka.logger)
        let handler = Timed(worker)
        var membership = MatcherService.membership(of: kafka.topics)
        membership.batchLimit = 20
        membership.drain = .seconds(60)
        membership.stallAfter = .seconds(1)
        let consumer = GroupConsumer(kafka.settings, membership, handler: handler, logger: kafka.logger)
        try consumer.start()
        try await fill(kafka, producer, from: cpo)

        try await eventually("the queue is full") { handler.seen.received >= 100 }
        var read = 0
        try await eventually("reading rests") {
            read = handler.seen.received
            try await Task.sleep(for: .milliseconds(300))
            return handler.seen.received == read
        }
        #expect(read <= 100 + membership.batchLimit)
        #expect(await consumer.stalls().allSatisfy { $0.cause != .threadHeld })
        // What waits is given up at once: the drain is a minute.
        let place = try #require(consumer.assignment.first)
        let restart = try await ContinuousClock().measure {
            try await consumer.restart(at: [CommitOffset(topic: place.topic, partition: place.partition, offset: 0)])
        }
        #expect(restart < .seconds(10))
        #expect(await consumer.stalls().allSatisfy { $0.cause != .threadHeld })
        #expect(handler.seen.longest < .seconds(1), "the worker never held the thread")

        try await store.start()
        let admin = try KafkaAdmin(kafka.settings, logger: kafka.logger)
        let outbox = (0..<TopicSettings().outboxPartitions).map {
            TopicPartition(topic: kafka.topics.outbox(billing), partition: Int32($0))
        }
        try await eventually("every request is matched") {
            try await admin.watermarks(of: outbox).values.reduce(0) { $0 + $1.upperBound } >= Self.requests
        }
        #expect(handler.seen.longest < .seconds(1), "the worker never held the thread")
        let stop = await ContinuousClock().measure {
            worker.stop()
            await consumer.stop()
        }
        #expect(stop < .seconds(15))
        let copies = try await kafka.records(in: kafka.topics.outbox(billing), partitions: TopicSettings().outboxPartitions)
        let copied = Set(try copies.map { try CopyRecord($0).copyOf })
        #expect(copies.count == Self.requests && copied.count == Self.requests, "each once")
        await admin.close()
        await store.stop()
        await producer.close(flush: .seconds(1))
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
