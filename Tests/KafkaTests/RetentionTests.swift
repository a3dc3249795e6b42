import NIOCore
import Testing

@testable import Kafka

/// The embedded cluster keeps about 5 MB per partition and drops the oldest records, read or not: its own retention. Two thirds of what is
/// written here is dropped.
@Suite(.timeLimit(.minutes(5)), .enabled(if: TestCluster.external == nil)) struct RetentionTests {
    private static let size = 10_000
    private static let count = 1500

    @Test("Scenario 8: records deleted behind a group's commit are told as lost and reading goes on at the oldest")
    func recordsDeletedBehindACommitAreToldAsLost() async throws {
        let topic = try await TestCluster.topic()
        let group = TestCluster.unique("group")
        let place = TopicPartition(topic: topic, partition: 0)
        let producer = try Producer(try TestCluster.settings("writer"), logger: TestCluster.logger)
        for _ in 0..<3 { _ = try await producer.send(OutgoingRecord(topic: topic, partition: 0, value: TestCluster.value("read"))) }
        let first = RecordingHandler()
        let consumer = try consumer(group, topic, first)
        try consumer.start()
        #expect(await first.log.wait { $0.records.count == 3 })
        // 1 is under way and 2 finished ahead of it.
        for offset: Int64 in [0, 2] { consumer.acknowledger.finished(place, offset: offset, epoch: first.log.state.records[0].epoch) }
        await consumer.stop()
        try await fill(topic, producer)
        await producer.close(flush: .seconds(5))

        let admin = try KafkaAdmin(try TestCluster.settings("admin"), logger: TestCluster.logger)
        let log = try #require(try await admin.watermarks(of: [place])[place])
        try #require(log.lowerBound > 3, "the cluster has dropped nothing")
        let second = RecordingHandler()
        let successor = try self.consumer(group, topic, second)
        try successor.start()
        #expect(await second.log.wait { $0.records.last?.offset == log.upperBound - 1 })
        #expect(second.log.state.lost.map(\.offsets) == [1..<log.lowerBound] && second.log.state.lost.first?.partition == place)
        #expect(second.log.state.records.map(\.offset) == Array(log))
        #expect(second.log.state.errors.contains { $0.isOutOfRange })
        #expect(second.log.state.revoked.isEmpty, "the same assignment goes on")
        for record in second.log.state.records { successor.acknowledger.finished(place, offset: record.offset, epoch: record.epoch) }
        await successor.stop()
        #expect(try await admin.committedOffsets(of: group, [place]).map(\.offset) == [log.upperBound])
        await admin.close()
    }

    @Test("Scenario 8: records deleted while a partition is paused are told as lost, and what is under way goes on")
    func recordsDeletedWhileReadingIsPausedAreToldAsLost() async throws {
        let topic = try await TestCluster.topic(partitions: 2)
        let group = TestCluster.unique("group")
        let slow = TopicPartition(topic: topic, partition: 0)
        let other = TopicPartition(topic: topic, partition: 1)
        let handler = RecordingHandler()
        let consumer = try consumer(group, topic, handler)
        try consumer.start()
        #expect(await handler.log.wait { !$0.assigned.isEmpty })
        let producer = try Producer(try TestCluster.settings("writer"), logger: TestCluster.logger)
        _ = try await producer.send(OutgoingRecord(topic: topic, partition: 0, value: TestCluster.value("under way")))
        #expect(await handler.log.wait { $0.records.count == 1 })
        let epoch = handler.log.state.records[0].epoch
        consumer.acknowledger.pause([slow])
        // The pause is carried out before the next read.
        _ = try await producer.send(OutgoingRecord(topic: topic, partition: 1, value: TestCluster.value("other")))
        #expect(await handler.log.wait { $0.records.count == 2 })
        try await fill(topic, producer)
        let admin = try KafkaAdmin(try TestCluster.settings("admin"), logger: TestCluster.logger)
        let log = try #require(try await admin.watermarks(of: [slow])[slow])
        try #require(log.lowerBound > 1, "the cluster has dropped nothing")
        consumer.acknowledger.resume([slow])
        #expect(await handler.log.wait { $0.records.last?.offset == log.upperBound - 1 })
        #expect(handler.log.state.lost.map(\.offsets) == [1..<log.lowerBound])
        #expect(handler.log.state.records.filter { $0.topicPartition == slow }.map(\.offset) == [0] + Array(log))
        #expect(handler.log.state.records.allSatisfy { $0.epoch == epoch })
        // Reading of the other partition continued where it was.
        _ = try await producer.send(OutgoingRecord(topic: topic, partition: 1, value: TestCluster.value("other")))
        #expect(await handler.log.wait { $0.records.filter { $0.topicPartition == other }.map(\.offset) == [0, 1] })
        // Late results still count.
        for record in handler.log.state.records.reversed() {
            consumer.acknowledger.finished(record.topicPartition, offset: record.offset, epoch: record.epoch)
        }
        #expect(consumer.droppedResults == 0)
        await consumer.stop()
        #expect(try await admin.committedOffsets(of: group, [slow, other]).map(\.offset) == [log.upperBound, 2])
        await admin.close()
        await producer.close(flush: .seconds(5))
    }

    @Test("Scenario 8: a reader whose position is deleted begins again and says so")
    func aReaderWhosePositionIsDeletedSaysSo() async throws {
        let topic = try await TestCluster.topic()
        let events = Observed<[String]>([])
        // It reads at most 2 MB ahead, and pauses after the first record.
        let settings = try TestCluster.settings("reader", ["queued.min.messages": "100"])
        let mayGoOn = Monitor(true)
        let reader = PartitionReader(
            settings, topic: topic, partitions: [0], start: .beginning, logger: TestCluster.logger,
            onBatch: { batch in
                events.update { $0 += batch.map { "\($0.offset)" } }
                _ = mayGoOn.wait(until: nil) { $0 ? true : nil }
            },
            onEnd: { _, next in events.update { $0.append("end \(next)") } },
            onRestart: { partition in events.update { $0.append("restart \(partition)") } })
        try await reader.start()
        #expect(await events.wait { $0 == ["end 0"] })
        let producer = try Producer(try TestCluster.settings("writer"), logger: TestCluster.logger)
        mayGoOn.withLock { $0 = false }
        _ = try await producer.send(OutgoingRecord(topic: topic, partition: 0, value: TestCluster.value("first")))
        #expect(await events.wait { $0.contains("0") })
        try await fill(topic, producer)
        mayGoOn.withLock { $0 = true }
        mayGoOn.signal()
        let last = Int64(Self.count)
        #expect(await events.wait { $0.last == "end \(last + 1)" })
        let seen = events.state
        let restart = try #require(seen.firstIndex(of: "restart 0"))
        let afterwards = seen[(restart + 1)...].compactMap { Int64($0) }
        #expect(afterwards.first.map { Array($0...last) } == afterwards, "everything there is, in order")
        await reader.stop()
        await producer.close(flush: .seconds(5))
    }

    // MARK: tools

    private func consumer(_ group: String, _ topic: String, _ handler: RecordingHandler) throws -> GroupConsumer {
        GroupConsumer(
            try TestCluster.settings("retention", ["queued.min.messages": "100"]),
            GroupConsumer.Settings(group: group, subscription: [topic], drain: .milliseconds(100)),
            handler: handler, logger: TestCluster.logger)
    }

    private func fill(_ topic: String, _ producer: Producer) async throws {
        let value = ByteBuffer(repeating: 0x2E, count: Self.size)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<Self.count {
                group.addTask { _ = try await producer.send(OutgoingRecord(topic: topic, partition: 0, value: value)) }
            }
            try await group.waitForAll()
        }
    }
}
