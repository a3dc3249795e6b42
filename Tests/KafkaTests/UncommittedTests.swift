import Kafka
import Synchronization
import Testing

/// The records repeated when a member dies and the rebalance takes long. Only the embedded cluster refuses commits that long.
@Suite(.timeLimit(.minutes(5)), .enabled(if: TestCluster.external == nil)) struct UncommittedTests {
    /// Finishes each record at once and counts those that were finished before.
    private final class Counting: GroupHandler {
        struct Seen: Sendable {
            var records: Set<RecordPosition> = []
            var repeated = 0
            /// The number of partitions assigned and, below 0, revoked.
            var shares: [Int] = []
        }

        private let seen: Observed<Seen>

        init(_ seen: Observed<Seen>) { self.seen = seen }

        func assigned(_ partitions: [TopicPartition], epoch: UInt64, acknowledger: RecordAcknowledger) {
            seen.update { $0.shares.append(partitions.count) }
        }
        func revoked(_ partitions: [TopicPartition], lost: Bool, acknowledger: RecordAcknowledger) {
            seen.update { $0.shares.append(-partitions.count) }
        }
        func received(_ batch: [IncomingRecord], acknowledger: RecordAcknowledger) {
            seen.update { seen in
                for record in batch {
                    let place = RecordPosition(topic: record.topic, partition: record.partition, offset: record.offset)
                    if !seen.records.insert(place).inserted { seen.repeated += 1 }
                }
            }
            acknowledger.finished(batch)
        }
    }

    /// The group learns of a new member at once and refuses commits; the other member learns of it with its next heartbeat.
    @Test func readingThatRestedWhileCommitsWereRefusedGoesOn() async throws {
        let topic = try await TestCluster.topic(partitions: 4)
        let group = TestCluster.unique("group")
        let seen = Observed(Counting.Seen())
        let handlers = (0..<3).map { _ in Counting(seen) }
        let kafka = try TestCluster.settings("uncommitted", ["heartbeat.interval.ms": "2500"])
        let consumers = handlers.enumerated().map { index, handler in
            // The embedded cluster has no static members, but such a member does not announce that it leaves: its session must run out.
            var settings = GroupConsumer.Settings(
                group: group, subscription: [topic], instanceID: index == 0 ? "dies" : nil, commitInterval: .milliseconds(50))
            settings.pausesWhileUncommitted = true
            return GroupConsumer(kafka, settings, handler: handler, logger: TestCluster.logger)
        }
        let producer = try Producer(try TestCluster.settings("writer"), logger: TestCluster.logger)
        let written = Observed(0)
        let isWriting = Observed(true)
        for consumer in consumers.prefix(2) { try consumer.start() }
        #expect(await seen.wait(.seconds(30)) { $0.shares.suffix(2) == [2, 2] })
        let settled = seen.state.shares.count
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                while isWriting.state {
                    let number = written.state
                    let record = OutgoingRecord(topic: topic, partition: Int32(number % 4), value: TestCluster.value("x"))
                    _ = try await producer.send(record)
                    written.update { $0 = number + 1 }
                    try await Task.sleep(for: .milliseconds(5))
                }
            }
            #expect(await seen.wait { $0.records.count > 400 })
            await consumers[0].stop()
            try consumers[2].start()
            #expect(await seen.wait(.seconds(30)) { $0.shares.suffix(2) == [2, 2] && $0.shares.count > settled })
            isWriting.update { $0 = false }
            try await tasks.waitForAll()
        }
        #expect(await seen.wait(.seconds(30)) { $0.records.count == written.state }, "nothing rests for ever")
        // The number depends on how busy the machine is: about 10 on an idle one, without the pause more than 100.
        #expect(seen.state.repeated < written.state, "not everything is repeated")
        for consumer in consumers.suffix(2) { await consumer.stop() }
        await producer.close(flush: .seconds(1))
    }
}
