import Kafka
import Synchronization
import Testing

/// A group that changes under load: nothing may be lost, whatever is repeated.
@Suite(.timeLimit(.minutes(5))) struct HandOverTests {
    /// Finishes what it receives on other threads and out of order, as the roles do.
    final class Worker: GroupHandler {
        let processed: Observed<Set<RecordPosition>>
        private let queue: AsyncStream<(batch: [IncomingRecord], acknowledger: RecordAcknowledger)>
        private let input: AsyncStream<(batch: [IncomingRecord], acknowledger: RecordAcknowledger)>.Continuation

        init(_ processed: Observed<Set<RecordPosition>>) {
            self.processed = processed
            (queue, input) = AsyncStream.makeStream()
        }

        func end() { input.finish() }

        func work() async {
            await withDiscardingTaskGroup { group in
                for await (batch, acknowledger) in queue {
                    for record in batch.shuffled() {
                        group.addTask {
                            await Task.yield()
                            let position = RecordPosition(topic: record.topic, partition: record.partition, offset: record.offset)
                            self.processed.update { $0.insert(position) }
                            acknowledger.finished(record.topicPartition, offset: record.offset, epoch: record.epoch)
                        }
                    }
                }
            }
        }

        func assigned(_ partitions: [TopicPartition], epoch: UInt64, acknowledger: RecordAcknowledger) {}
        func received(_ batch: [IncomingRecord], acknowledger: RecordAcknowledger) { input.yield((batch, acknowledger)) }
        func revoked(_ partitions: [TopicPartition], lost: Bool, acknowledger: RecordAcknowledger) {}
        func failed(_ error: KafkaError) {}
    }

    @Test("Scenario 10: nothing is lost when members come and go under load")
    func nothingIsLostWhenMembersComeAndGoUnderLoad() async throws {
        let topic = try await TestCluster.topic(partitions: 4)
        let group = TestCluster.unique("group")
        let partitions = (0..<4).map { TopicPartition(topic: topic, partition: Int32($0)) }
        let processed = Observed<Set<RecordPosition>>([])
        let workers = [Worker(processed), Worker(processed)]
        let consumers = try workers.map { worker in
            let consumer = GroupConsumer(
                try TestCluster.settings("hand-over"),
                GroupConsumer.Settings(group: group, subscription: [topic], commitInterval: .milliseconds(30), batchLimit: 50),
                handler: worker, logger: TestCluster.logger)
            return consumer
        }
        let producer = try Producer(try TestCluster.settings("writer"), logger: TestCluster.logger)
        let isWriting = Observed(true)
        let written = Observed<Set<RecordPosition>>([])
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for worker in workers { tasks.addTask { await worker.work() } }
            tasks.addTask {
                var number = 0
                while isWriting.state {
                    let record = OutgoingRecord(topic: topic, partition: Int32(number % 4), value: TestCluster.value("\(number)"))
                    let position = try await producer.send(record)
                    written.update { $0.insert(position) }
                    number += 1
                    try await Task.sleep(for: .milliseconds(2))
                }
            }
            try consumers[0].start()
            #expect(await processed.wait { $0.count > 50 })
            try consumers[1].start()
            #expect(await waitForShare(consumers[1], partitions: 2, processed))
            await consumers[1].stop()
            isWriting.update { $0 = false }
            #expect(await waitForShare(consumers[0], partitions: 4, processed))
            #expect(await processed.wait { written.state.isSubset(of: $0) })
            await consumers[0].stop()
            for worker in workers { worker.end() }
            try await tasks.waitForAll()
        }
        #expect(written.state.isSubset(of: processed.state) && written.state.count > 50)
        // The last owner had finished everything, so everything is committed and nothing beyond.
        let admin = try KafkaAdmin(try TestCluster.settings("admin"), logger: TestCluster.logger)
        let ends = try await admin.watermarks(of: partitions)
        for commit in try await admin.committedOffsets(of: group, partitions) {
            let end = ends[commit.topicPartition]?.upperBound ?? -1
            #expect(commit.offset <= end && commit.offset > 0)
        }
        await admin.close()
        await producer.close(flush: .seconds(1))
    }

    /// Of ten records the even ones never finish under this assignment.
    private final class Waiting: GroupHandler {
        let received = Observed<[IncomingRecord]>([])
        let isRevoked = Observed(false)

        func assigned(_ partitions: [TopicPartition], epoch: UInt64, acknowledger: RecordAcknowledger) {}
        func received(_ batch: [IncomingRecord], acknowledger: RecordAcknowledger) { received.update { $0 += batch } }
        func revoked(_ partitions: [TopicPartition], lost: Bool, acknowledger: RecordAcknowledger) {
            if let one = received.state.first {
                acknowledger.abandoned(one.topicPartition, records: 5, epoch: one.epoch)
            }
            isRevoked.update { $0 = true }
        }
        func failed(_ error: KafkaError) {}
    }

    @Test func leavingWaitsForWhatIsUnderWayAndNotForWhatIsAbandoned() async throws {
        let topic = try await TestCluster.topic()
        let partition = TopicPartition(topic: topic, partition: 0)
        let group = TestCluster.unique("group")
        let producer = try Producer(try TestCluster.settings("writer"), logger: TestCluster.logger)
        for number in 0..<10 {
            _ = try await producer.send(OutgoingRecord(topic: topic, partition: 0, value: TestCluster.value("\(number)")))
        }
        await producer.close(flush: .seconds(1))
        let handler = Waiting()
        let consumer = GroupConsumer(
            try TestCluster.settings("leaving"), GroupConsumer.Settings(group: group, subscription: [topic], drain: .seconds(60)),
            handler: handler, logger: TestCluster.logger)
        try consumer.start()
        #expect(await handler.received.wait { $0.count == 10 })
        let epoch = handler.received.state.first?.epoch ?? 0
        // Of no consequence: another assignment.
        consumer.acknowledger.abandoned(partition, records: 10, epoch: epoch + 1)
        let time = await ContinuousClock().measure {
            await withTaskGroup(of: Void.self) { tasks in
                tasks.addTask { await consumer.stop() }
                #expect(await handler.isRevoked.wait { $0 })
                // 0, 2, 4, 6 and 8 are abandoned. Of the others two end, and the rest fail while they are waited for.
                consumer.acknowledger.finished(partition, offset: 1, epoch: epoch)
                consumer.acknowledger.abandoned(partition, records: 3, epoch: epoch)
                consumer.acknowledger.finished(partition, offset: 9, epoch: epoch)
            }
        }
        #expect(time < .seconds(30))
        // The abandoned records are read again.
        let admin = try KafkaAdmin(try TestCluster.settings("admin"), logger: TestCluster.logger)
        #expect(try await admin.committedOffsets(of: group, [partition]).map(\.offset).allSatisfy { $0 <= 0 })
        await admin.close()
    }

    /// Records go on arriving, so the share is looked at with each of them; without records, with time.
    private func waitForShare(_ consumer: GroupConsumer, partitions: Int, _ processed: Observed<Set<RecordPosition>>) async -> Bool {
        let deadline = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < deadline {
            if consumer.assignment.count == partitions { return true }
            let count = processed.state.count
            _ = await processed.wait(.milliseconds(100)) { $0.count > count }
        }
        return false
    }
}
