import Synchronization
import Testing

@testable import Kafka

@Suite(.timeLimit(.minutes(5))) struct StallTests {
    @Test("Scenario 23: a partition without a leader is told within the limit, others flow, and it heals")
    func aPartitionWithoutALeaderIsToldAndHeals() async throws {
        let cluster = try EmbeddedCluster(logger: TestCluster.logger)
        try cluster.createTopic("t", partitions: 2)
        let stuck = TopicPartition(topic: "t", partition: 0)
        let handler = RecordingHandler()
        var settings = GroupConsumer.Settings(group: "g", subscription: ["t"])
        settings.stallAfter = .seconds(2)
        settings.metadataRefresh = .seconds(1)
        let consumer = GroupConsumer(
            TestCluster.settings("group", cluster), settings, handler: handler, logger: TestCluster.logger)
        try consumer.start()
        let producer = try Producer(TestCluster.settings("writer", cluster), logger: TestCluster.logger)
        for partition: Int32 in 0..<2 {
            _ = try await producer.send(OutgoingRecord(topic: "t", partition: partition, value: TestCluster.value("1")))
        }
        #expect(await handler.log.wait { $0.records.count == 2 })
        #expect(await consumer.stalls().isEmpty)

        cluster.setLeader("t", 0, nil)
        var flowing = 0
        let stalls = try await until(consumer) { stalls in
            flowing += 1
            _ = try await producer.send(OutgoingRecord(topic: "t", partition: 1, value: TestCluster.value("2")))
            return !stalls.isEmpty
        }
        #expect(stalls.map(\.partition) == [stuck])
        #expect(stalls.first?.lag == nil && stalls.first?.cause == .notRead)
        let others = flowing + 1
        #expect(await handler.log.wait { $0.records.filter { $0.partition == 1 }.count == others })

        cluster.setLeader("t", 0, 1)
        _ = try await producer.send(OutgoingRecord(topic: "t", partition: 0, value: TestCluster.value("3")))
        #expect(await handler.log.wait(.seconds(30)) { $0.records.contains { $0.topicPartition == stuck && $0.offset == 1 } })
        _ = try await until(consumer) { $0.isEmpty }
        await consumer.stop()
        #expect(await consumer.stalls().isEmpty, "stopped")
        await producer.close(flush: .seconds(1))
        cluster.close()
    }

    @Test("Scenario 22: a member whose own thread is held is told, and so when it goes on")
    func aHeldThreadIsTold() async throws {
        let topic = try await TestCluster.topic()
        let mayGoOn = Monitor(false)
        let handler = RecordingHandler { _ in _ = mayGoOn.wait(until: nil) { $0 ? true : nil } }
        var settings = GroupConsumer.Settings(group: TestCluster.unique("group"), subscription: [topic])
        settings.stallAfter = .milliseconds(300)
        let consumer = GroupConsumer(try TestCluster.settings("held"), settings, handler: handler, logger: TestCluster.logger)
        try consumer.start()
        let producer = try Producer(try TestCluster.settings("writer"), logger: TestCluster.logger)
        _ = try await producer.send(OutgoingRecord(topic: topic, partition: 0, value: TestCluster.value("1")))
        #expect(await handler.log.wait { $0.records.count == 1 })
        let stalls = try await until(consumer) { $0.first?.cause == .threadHeld }
        #expect(stalls.map(\.partition) == [TopicPartition(topic: topic, partition: 0)])
        mayGoOn.withLock { $0 = true }
        mayGoOn.signal()
        _ = try await until(consumer) { $0.isEmpty }
        await consumer.stop()
        await producer.close(flush: .seconds(1))
    }

    /// A stall takes time to appear, so it is queried until the answer is as expected.
    private func until(_ consumer: GroupConsumer, _ condition: ([Stall]) async throws -> Bool) async throws -> [Stall] {
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            let stalls = await consumer.stalls()
            if try await condition(stalls) { return stalls }
            try await Task.sleep(for: .milliseconds(50))
        }
        Issue.record("not in time")
        return []
    }
}
