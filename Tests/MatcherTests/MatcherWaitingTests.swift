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
    private static let limits = MatcherQueue.Limits(pause: 100 * 1040, resume: 50 * 1040, match: 40 * 1040)

    /// A MATCHER whose follower of `ocn.state` is not started yet, and what it works with. Its drain is a minute.
    private struct Environment {
        let kafka: TestKafka
        let billing: PartyID
        let producer: Producer
        let store: StateStore
        let worker: MatcherWorker
        let handler: Timed
        let consumer: GroupConsumer

        init(ownBrokers: Int? = nil, batchLimit: Int = 500) async throws {
            billing = try #require(PartyID("DE-BIL"))
            let cpo = try #require(PartyID("DE-CPO"))
            kafka = try await TestKafka(services: [billing], ownBrokers: ownBrokers)
            producer = try Producer(
                kafka.settings, deliveryTimeout: MatcherService.deliveryTimeout(kafka.topics), logger: kafka.logger)
            let secrets = NodeSecrets(current: Array("a secret of the node".utf8))
            let own = StateStore(kafka: kafka.settings, topics: kafka.topics, secrets: secrets, logger: kafka.logger)
            try await own.start()
            try await StateWriter(producer: producer, topics: kafka.topics, store: own, logger: kafka.logger).write([
                .put(.service(NetworkService(provider: billing, name: "Billing", permissions: [8], delivery: .push, source: "state"))),
                .put(.agreement(Agreement(user: cpo, provider: billing, source: "state"))),
            ])
            await own.stop()
            store = StateStore(kafka: kafka.settings, topics: kafka.topics, secrets: secrets, logger: kafka.logger)
            worker = MatcherWorker(
                producer: producer, topics: kafka.topics, hub: try Broadcaster.hub, store: store, limits: MatcherWaitingTests.limits,
                logger: kafka.logger)
            handler = Timed(worker)
            var membership = MatcherService.membership(of: kafka.topics)
            membership.batchLimit = batchLimit
            membership.drain = .seconds(60)
            membership.stallAfter = .seconds(1)
            consumer = GroupConsumer(kafka.settings, membership, handler: handler, logger: kafka.logger)
        }

        /// - Returns: how long the consumer took to stop.
        func stop() async -> Duration {
            let time = await ContinuousClock().measure {
                worker.stop()
                await consumer.stop()
            }
            await store.stop()
            await producer.close(flush: .seconds(1))
            kafka.close()
            return time
        }
    }

    @Test(.timeLimit(.minutes(5))) func theConsumersThreadGoesOnWhileNewerStateIsWaitedFor() async throws {
        let matcher = try await Environment(batchLimit: 20)
        let (kafka, consumer, handler) = (matcher.kafka, matcher.consumer, matcher.handler)
        try consumer.start()
        try await fill(kafka, matcher.producer, Self.requests)

        try await eventually("the queue is full") { handler.seen.received >= 100 }
        var read = 0
        try await eventually("reading rests") {
            read = handler.seen.received
            try await Task.sleep(for: .milliseconds(300))
            return handler.seen.received == read
        }
        #expect(read <= 100 + 20)
        #expect(await consumer.stalls().allSatisfy { $0.cause != .threadHeld })
        // What waits is given up at once.
        let place = try #require(consumer.assignment.first)
        let restart = try await ContinuousClock().measure {
            try await consumer.restart(at: [CommitOffset(topic: place.topic, partition: place.partition, offset: 0)])
        }
        #expect(restart < .seconds(15))
        #expect(await consumer.stalls().allSatisfy { $0.cause != .threadHeld })

        try await matcher.store.start()
        let admin = try KafkaAdmin(kafka.settings, logger: kafka.logger)
        let outbox = (0..<TopicSettings().outboxPartitions).map {
            TopicPartition(topic: kafka.topics.outbox(matcher.billing), partition: Int32($0))
        }
        try await eventually("every request is matched") {
            try await admin.watermarks(of: outbox).values.reduce(0) { $0 + $1.upperBound } >= Self.requests
        }
        #expect(handler.seen.longest < .seconds(1), "the worker never held the thread")
        let copies = try await kafka.records(in: kafka.topics.outbox(matcher.billing), partitions: TopicSettings().outboxPartitions)
        let copied = Set(try copies.map { try CopyRecord($0).copyOf })
        #expect(copies.count == Self.requests && copied.count == Self.requests, "each once")
        await admin.close()
        let stop = await matcher.stop()
        #expect(stop < .seconds(15))
    }

    @Test(.timeLimit(.minutes(5))) func whoStopsWhileNewerStateIsWaitedForWaitsForNothingElse() async throws {
        let matcher = try await Environment()
        try matcher.consumer.start()
        try await fill(matcher.kafka, matcher.producer, 10)
        try await eventually("they are read") { matcher.handler.seen.received == 10 }
        let stop = await matcher.stop()
        #expect(stop < .seconds(15))
    }

    /// What the refused copy leaves unfinished comes again at the next worker; nobody waits for it here.
    @Test(.timeLimit(.minutes(5))) func whoStopsBecauseKafkaRefusesACopyWaitsForNothing() async throws {
        let matcher = try await Environment(ownBrokers: 1)
        try await fill(matcher.kafka, matcher.producer, 3)
        try matcher.consumer.start()
        try await eventually("they are read") { matcher.handler.seen.received == 3 }
        // Produce: the message is too large.
        matcher.kafka.embedded?.pushErrors(api: 0, [10, 10, 10])
        try await matcher.store.start()
        await #expect(throws: KafkaError.self) { try await matcher.worker.stopped() }
        let stop = await matcher.stop()
        #expect(stop < .seconds(15))
    }

    private func fill(_ kafka: TestKafka, _ producer: Producer, _ requests: Int) async throws {
        let cpo = try #require(PartyID("DE-CPO"))
        let msp = try #require(PartyID("NL-MSP"))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for number in 0..<requests {
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
