import Encoding
import Kafka
import NIOCore
import OCPI
import Support
import Testing
import Topics

@testable import Directory
@testable import Operations

@Suite struct OutboxesTests {
    // MARK: Figures

    @Test func whatWaitsIsWhatIsBehindTheCommittedOffsetAndNotFinishedAhead() {
        let nothing = OutboxPartition(partition: 0, log: 5..<25, committed: nil)
        #expect(nothing.position == 5 && nothing.waiting == 20 && nothing.lost == 0, "PUSH begins a new partition at its beginning")
        let some = OutboxPartition(partition: 0, log: 5..<25, committed: committed(15))
        #expect(some.position == 15 && some.waiting == 10)
        let ahead = FinishedAhead(base: 15, runs: [17...20, 24...24])
        let more = OutboxPartition(partition: 0, log: 5..<25, committed: committed(15, ahead.text))
        #expect(more.finishedAhead == 5 && more.waiting == 5, "one head that is retried is no backlog of ten")
        let foreign = OutboxPartition(partition: 0, log: 5..<25, committed: committed(14, ahead.text))
        #expect(foreign.finishedAhead == 0 && foreign.waiting == 11, "the text belongs to another commit point")
        #expect(OutboxPartition(partition: 0, log: 5..<25, committed: committed(25)).waiting == 0)
    }

    @Test func whatKafkaDeletedBeforeItWasSentIsSaid() {
        let late = OutboxPartition(partition: 0, log: 50..<60, committed: committed(20))
        #expect(late.position == 50 && late.waiting == 10 && late.lost == 30)
        let anew = OutboxPartition(partition: 0, log: 0..<10, committed: committed(500))
        #expect(anew.position == 10 && anew.waiting == 0 && anew.lost == 0)
    }

    @Test func theRateCountsWhatWasCommittedMeanwhileAndGoingBackIsStandingStill() {
        let places = (0..<3).map { TopicPartition(topic: "t", partition: Int32($0)) }
        let earlier = [places[0]: Int64(10), places[1]: -1, places[2]: 100]
        let later = [places[0]: Int64(30), places[1]: 5, places[2]: 40]
        #expect(deliveryRate(from: earlier, to: later, within: .seconds(2)) == 12.5)
        #expect(deliveryRate(from: earlier, to: later, within: .zero) == nil)
    }

    @Test func aPlanSaysForEachPartitionWhereItGoesAndWhy() {
        func step(_ found: Int64?) -> RewindPlan.Step {
            RewindPlan.Step(place: OutboxPartition(partition: 2, log: 0..<100, committed: committed(60)), found: found)
        }
        let plan = RewindPlan(recipient: party("DE-BIL"), to: Timestamp(milliseconds: 0), steps: [step(20), step(nil), step(80)])
        #expect(plan.again == 40 && plan.steps.map(\.target) == [20, nil, nil])
        #expect(plan.steps[0].description == "partition 2: from 60 back to 20, 40 records again")
        #expect(plan.steps[1].description == "partition 2: nothing at or after that time, stays at 60")
        #expect(plan.steps[2].description == "partition 2: has not come as far as that time, stays at 60")
        #expect(plan.json["records_again"]?.int == 40)
    }

    @Test func whoSendsIsReadOffTheMembersOfTheGroup() {
        let places = (0..<4).map { TopicPartition(topic: "t", partition: Int32($0)) }
        func member(_ partitions: Range<Int>, topic: String = "t") -> GroupDescription.Member {
            GroupDescription.Member(
                clientID: "c", partitions: partitions.map { TopicPartition(topic: topic, partition: Int32($0)) })
        }
        func workers(_ state: GroupDescription.State, _ members: GroupDescription.Member...) -> OutboxWorkers {
            OutboxWorkers(.success(GroupDescription(state: state, members: members)), named: "ocn.push", of: places)
        }
        #expect(workers(.empty) == .known(count: 0, unowned: [0, 1, 2, 3]))
        #expect(workers(.stable, member(0..<2), member(2..<4), member(0..<4, topic: "other")) == .known(count: 2, unowned: []))
        #expect(workers(.stable, member(0..<4, topic: "other")) == .known(count: 0, unowned: [0, 1, 2, 3]))
        #expect(workers(.stable, member(1..<2)) == .known(count: 1, unowned: [0, 2, 3]))
        #expect(workers(.rebalancing, member(0..<4)) == .rebalancing)
        let late = KafkaError(operation: "describe groups", code: -185)
        #expect(OutboxWorkers(.failure(late), named: "ocn.push", of: places) == .unknown(late.reason))
        let refusal = KafkaError(operation: "describe groups", code: 30)
        #expect(
            OutboxWorkers(.failure(refusal), named: "ocn.push", of: places)
                == .unknown("this program may not ask about the group ocn.push; it needs the right Describe on it"))
    }

    @Test func theStateIsWhatStopsAnOutboxFirst() {
        func state(
            _ workers: OutboxWorkers, delivery: ServiceDelivery? = .push, paused: Bool = false, _ breakers: [BreakerState] = [],
            rate: Double? = nil
        ) -> OutboxState {
            OutboxStatus(
                recipient: party("DE-BIL"), delivery: delivery, partitions: [], rate: rate,
                order: OutboxOrder(recipient: party("DE-BIL"), isPaused: paused), pendingRewind: [],
                breakers: breakers.map { BreakerReport(recipient: party("DE-BIL"), worker: "w", state: $0, since: .now) },
                workers: workers
            ).state
        }
        let (some, none, unknown) = (
            OutboxWorkers.known(count: 1, unowned: []), OutboxWorkers.known(count: 0, unowned: [0]), OutboxWorkers.unknown("why")
        )
        #expect(state(some) == .sending && state(none) == .noWorker && state(unknown) == .unknown)
        #expect(state(unknown, rate: 0) == .unknown && state(unknown, rate: 0.5) == .sending, "somebody moved it")
        #expect(state(none, paused: true) == .paused && state(none, delivery: .topic) == .topic && state(none, delivery: nil) == .noWorker)
        #expect(state(none, [.open]) == .noWorker, "the report of one that has gone")
        #expect(state(.rebalancing, [.open]) == .rebalancing)
        #expect(state(some, [.halfOpen, .open]) == .breakerOpen && state(unknown, [.halfOpen]) == .breakerHalfOpen)
    }

    @Test func aReaderIsAsFarBehindAsItsCommittedOffsetsSay() throws {
        let logs = [0: 10..<30, 1: 0..<5, 2: 7..<7].reduce(into: [:]) {
            $0[TopicPartition(topic: "t", partition: $1.key)] = Int64($1.value.lowerBound)..<Int64($1.value.upperBound)
        }
        func offset(_ partition: Int32, _ offset: Int64) -> CommitOffset { CommitOffset(topic: "t", partition: partition, offset: offset) }
        let reader = try #require(TopicReader(group: "tax", logs: logs, committed: [offset(0, 26), offset(1, -1), offset(2, -1)]))
        #expect(reader.lag == 4 + 5 && reader.lost == 0 && reader.uncommitted == [1, 2])
        let late = try #require(TopicReader(group: "tax", logs: logs, committed: [offset(0, 3), offset(1, 5), offset(2, 7)]))
        #expect(late.lag == 20 && late.lost == 7 && late.uncommitted.isEmpty)
        #expect(TopicReader(group: "other", logs: logs, committed: [offset(0, -1)]) == nil)
        #expect(TopicReader(group: "other", logs: logs, committed: [CommitOffset(topic: "x", partition: 0, offset: 3)]) == nil)
    }

    // MARK: With Kafka

    @Test(.timeLimit(.minutes(5))) func readersOfATopicAreShownWithTheirLag() async throws {
        try await withOutboxes { kafka, outboxes, writer, producer in
            let tax = party("NL-TAX")
            try await writer.write([
                .put(.service(NetworkService(provider: tax, name: "", permissions: [0], delivery: .topic, source: "state")))
            ])
            let topic = kafka.topics.outbox(tax)
            for _ in 0..<6 {
                _ = try await producer.send(OutgoingRecord(topic: topic, partition: 1, value: ByteBuffer(string: "x")))
            }
            let group = kafka.topics.prefix + "tax-app"
            if kafka.isEmbedded {
                let found = try #require(try await outboxes.list(tax, sample: .zero).first?.readers)
                #expect(found == .unknown("this in-memory Kafka does not tell about groups"))
            } else {
                #expect(try await outboxes.list(tax, sample: .zero).first?.readers?.groups.isEmpty == true)
            }
            let consumer = GroupConsumer(
                kafka.settings, GroupConsumer.Settings(group: group, subscription: [topic]), handler: Idle(), logger: kafka.logger)
            try consumer.start()
            try await eventually("the partitions are assigned", within: .seconds(30)) { consumer.assignment.count == 4 }
            try await consumer.commit([CommitOffset(topic: topic, partition: 1, offset: 4)])
            let named = try #require(try await outboxes.list(tax, sample: .zero, readerGroups: [group]).first)
            let reader = try #require(named.readers?.groups.first)
            #expect(reader.group == group && reader.lag == 2 && reader.uncommitted == [0, 2, 3])
            #expect(reader.members == (kafka.isEmbedded ? nil : 1) && named.state == .topic && named.backlog == 0)
            #expect(named.json(now: .now)["readers"]?["groups"]?.array?.first?["lag"]?.int == 2)
            if !kafka.isEmbedded {
                let all = try #require(try await outboxes.list(tax, sample: .zero).first?.readers)
                #expect(all.groups.map(\.group) == [group], "\(all)")
            }
            await consumer.stop()
        }
    }

    @Test(.enabled(if: TestKafka.realCluster != nil), .timeLimit(.minutes(5))) func anOutboxWithoutAWorkerSaysSo() async throws {
        try await withOutboxes { kafka, outboxes, _, _ in
            #expect(try await outboxes.list(sample: .zero).map(\.state) == [.noWorker, .noWorker])
            let billing = kafka.topics.outbox(party("DE-BIL"))
            let consumer = GroupConsumer(
                kafka.settings, GroupConsumer.Settings(group: kafka.topics.group("push"), subscription: [billing]), handler: Idle(),
                logger: kafka.logger)
            try consumer.start()
            try await eventually("the partitions are assigned", within: .seconds(30)) { consumer.assignment.count == 4 }
            #expect(try await outboxes.list(sample: .zero).map(\.state) == [.sending, .noWorker])
            await consumer.stop()
            #expect(try await outboxes.list(sample: .zero).map(\.state) == [.noWorker, .noWorker])
        }
    }

    @Test(.timeLimit(.minutes(5)), arguments: FetchWait.allCases)
    func backlogAgeOrdersAndBreakersAreListedPerRecipient(_ fetchWait: FetchWait) async throws {
        try await withOutboxes(fetchWait) { kafka, outboxes, writer, producer in
            let billing = party("DE-BIL")
            for number in 0..<10 {
                let record = OutgoingRecord(
                    topic: kafka.topics.outbox(billing), partition: Int32(number % 2), value: ByteBuffer(string: "x"))
                _ = try await producer.send(record)
            }
            let before = Timestamp.now
            let rewind = OutboxOrder.Rewind(id: "r1", to: before)
            try await writer.write([
                .put(.service(NetworkService(provider: billing, name: "", permissions: [0], delivery: .push, source: "state"))),
                .put(.outbox(OutboxOrder(recipient: billing, isPaused: true, rewind: rewind))),
                .put(.outboxDone(billing, partition: 1, rewindID: "r1")),
                .put(.breaker(BreakerReport(recipient: billing, worker: "w", state: .open, since: before))),
                .put(
                    .breaker(BreakerReport(recipient: billing, worker: "dead", state: .open, since: before.adding(milliseconds: -181_000)))),
            ])
            let began = ContinuousClock.now
            var found = try await outboxes.list(sample: .zero)
            #expect(ContinuousClock.now - began < .seconds(10), "with each question behind a fetch it would be 13 s")
            #expect(found.map(\.recipient) == [billing, party("NL-TAX")])
            let first = try #require(found.first)
            #expect(first.delivery == .push && first.backlog == 10 && first.isPaused && first.pendingRewind == [0, 2, 3])
            #expect(first.breakers.map(\.state) == [.open] && first.rate == nil && first.readers == nil)
            if kafka.isEmbedded { #expect(found[1].state == .unknown, "the in-memory Kafka does not tell who is in a group") }
            let oldest = try #require(first.oldest)
            #expect(oldest <= before && oldest > before.adding(milliseconds: -60_000))
            #expect(found[1].backlog == 0 && found[1].oldest == nil && found[1].delivery == nil && !found[1].isPaused)
            let json = first.json(now: oldest.adding(milliseconds: 5_000))
            #expect(json["backlog"]?.int == 10 && json["oldest_age_seconds"]?.int == 5 && json["paused"]?.bool == true)

            let consumer = GroupConsumer(
                kafka.settings, GroupConsumer.Settings(group: kafka.topics.group("push"), subscription: [kafka.topics.outbox(billing)]),
                handler: Idle(), logger: kafka.logger)
            try consumer.start()
            try await eventually("the partitions are assigned") { consumer.assignment.count == 4 }
            try await consumer.commit([CommitOffset(topic: kafka.topics.outbox(billing), partition: 0, offset: 4)])
            found = try await outboxes.list(billing, sample: .milliseconds(50))
            #expect(found.count == 1 && found.first?.backlog == 6 && found.first?.rate == 0)
            await consumer.stop()
        }
    }

    @Test(.timeLimit(.minutes(5)), arguments: FetchWait.allCases)
    func pauseAndResumeKeepTheRewindAndSayWhetherAnythingChanged(_ fetchWait: FetchWait) async throws {
        try await withOutboxes(fetchWait) { kafka, outboxes, writer, _ in
            let billing = party("DE-BIL")
            #expect(try await outboxes.setPaused(billing, false) == false)
            let began = ContinuousClock.now
            #expect(try await outboxes.setPaused(billing, true))
            #expect(ContinuousClock.now - began < .seconds(10), "with each question behind a fetch it would be 13 s")
            #expect(try await outboxes.setPaused(party("de-bil"), true) == false)
            let rewind = OutboxOrder.Rewind(id: "r1", to: Timestamp(milliseconds: 1))
            try await writer.write([.put(.outbox(OutboxOrder(recipient: billing, isPaused: true, rewind: rewind)))])
            #expect(try await outboxes.setPaused(billing, false))
            #expect(try await outboxes.list(billing, sample: .zero).first?.order?.rewind == rewind)
            await #expect {
                _ = try await outboxes.setPaused(party("FR-NOT"), true)
            } throws: { "\($0)".contains("there are: DE-BIL, NL-TAX") }
        }
    }

    @Test func aServiceThatReadsItsTopicIsNotPaused() async throws {
        try await withOutboxes { kafka, outboxes, writer, _ in
            let tax = party("NL-TAX")
            try await writer.write([
                .put(.service(NetworkService(provider: tax, name: "", permissions: [0], delivery: .topic, source: "state")))
            ])
            await #expect { _ = try await outboxes.setPaused(tax, true) } throws: { "\($0)".contains("by itself") }
        }
    }

    @Test(.enabled(if: TestKafka.realCluster == nil)) func anInMemoryKafkaSaysThatItCannotRewind() async throws {
        try await withOutboxes { _, outboxes, _, _ in
            await #expect {
                _ = try await outboxes.plan(party("DE-BIL"), to: .now)
            } throws: { "\($0)".contains("in-memory Kafka") && "\($0)".contains("Apache Kafka") }
        }
    }

    @Test(.timeLimit(.minutes(5)), arguments: FetchWait.allCases)
    func aRewindWaitsForEveryPartitionAndNamesThoseThatDidNotAnswer(_ fetchWait: FetchWait) async throws {
        try await withOutboxes(fetchWait) { kafka, outboxes, writer, _ in
            let billing = party("DE-BIL")
            let steps = (0..<2).map { partition in
                RewindPlan.Step(place: OutboxPartition(partition: Int32(partition), log: 0..<10, committed: nil), found: nil)
            }
            let plan = RewindPlan(recipient: billing, to: .now, steps: steps)
            let rewind = try await outboxes.rewind(plan)
            #expect(try await outboxes.wait(for: rewind, plan, timeout: .milliseconds(20)) == [0, 1])
            try await writer.write([
                .put(.outboxDone(billing, partition: 0, rewindID: "another")),
                .put(.outboxDone(billing, partition: 1, rewindID: rewind.id)),
            ])
            #expect(try await outboxes.wait(for: rewind, plan, timeout: .milliseconds(20)) == [0])
            async let open = outboxes.wait(for: rewind, plan, timeout: .seconds(20))
            try await writer.write([.put(.outboxDone(billing, partition: 0, rewindID: rewind.id))])
            #expect(try await open.isEmpty)
            _ = try await outboxes.rewind(plan)
            await #expect {
                _ = try await outboxes.wait(for: rewind, plan, timeout: .seconds(20))
            } throws: { "\($0)".contains("another rewind") }
        }
    }

    private func withOutboxes(
        _ fetchWait: FetchWait = .short, _ body: (TestKafka, Outboxes, StateWriter, Producer) async throws -> Void
    ) async throws {
        let kafka = try await TestKafka(services: [party("DE-BIL"), party("NL-TAX")], fetchWait: fetchWait)
        defer { kafka.close() }
        let admin = try KafkaAdmin(kafka.settings, logger: kafka.logger)
        let producer = try Producer(kafka.settings, logger: kafka.logger)
        let store = StateStore(kafka: kafka.settings, topics: kafka.topics, secrets: secrets, logger: kafka.logger)
        try await store.start()
        #expect(await store.ready(timeout: .seconds(10)))
        let writer = StateWriter(producer: producer, topics: kafka.topics, store: store, logger: kafka.logger)
        let outboxes = Outboxes(
            kafka: kafka.settings, topics: kafka.topics, admin: admin, store: store, writer: writer, logger: kafka.logger)
        try await body(kafka, outboxes, writer, producer)
        await store.stop()
        await producer.close(flush: .seconds(1))
        await admin.close()
    }

    private func committed(_ offset: Int64, _ metadata: String? = nil) -> CommitOffset {
        CommitOffset(topic: "t", partition: 0, offset: offset, metadata: metadata)
    }
}

/// Reads records without finishing them.
private final class Idle: GroupHandler {
    func assigned(_ partitions: [TopicPartition], epoch: UInt64, acknowledger: RecordAcknowledger) {}
    func revoked(_ partitions: [TopicPartition], lost: Bool, acknowledger: RecordAcknowledger) {}
    func received(_ batch: [IncomingRecord], acknowledger: RecordAcknowledger) {}
    func failed(_ error: KafkaError) {}
}
