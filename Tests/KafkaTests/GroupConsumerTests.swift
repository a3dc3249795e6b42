import Kafka
import NIOCore
import Synchronization
import Testing

/// Joining takes three seconds on the embedded cluster, so each test joins as seldom as it can, and they run side by side.
@Suite(.timeLimit(.minutes(5))) struct GroupConsumerTests {
    @Test func aRestartResumesAtTheLowestUnfinishedRecord() async throws {
        let topic = try await TestCluster.topic()
        let group = TestCluster.unique("group")
        try await write(topic, 0..<10)
        let first = RecordingHandler()
        let consumer = try consumer(group, topic, first, drain: .milliseconds(200))
        try consumer.start()
        #expect(await first.log.wait { $0.records.count == 10 })
        let epoch = first.log.state.records[0].epoch
        let partition = TopicPartition(topic: topic, partition: 0)
        #expect(first.log.state.assigned.map(\.partitions) == [[partition]])
        #expect(consumer.assignment == [partition])
        // 5 and 7 stay unfinished: what is finished behind them must not be committed.
        for offset: Int64 in [9, 0, 1, 3, 2, 8, 6, 4] { consumer.acknowledger.finished(partition, offset: offset, epoch: epoch) }
        // Of no consequence: an old epoch, a record never handed out, a partition never assigned.
        consumer.acknowledger.finished(partition, offset: 5, epoch: epoch + 1)
        consumer.acknowledger.finished(partition, offset: 500, epoch: epoch)
        consumer.acknowledger.finished(TopicPartition(topic: "other", partition: 3), offset: 5, epoch: epoch)
        #expect(consumer.droppedResults == 3)
        let time = await ContinuousClock().measure { await consumer.stop() }
        #expect(time < .seconds(9))
        #expect(first.log.state.revoked.map(\.partitions) == [[partition]])
        #expect(first.log.state.revoked.allSatisfy { !$0.lost })

        let second = RecordingHandler()
        let successor = try self.consumer(group, topic, second)
        try successor.start()
        #expect(await second.log.wait { $0.records.count >= 5 })
        #expect(second.log.state.records.map(\.offset) == [5, 6, 7, 8, 9])
        #expect(second.log.state.resumed.map(\.offset) == [5])
        for record in second.log.state.records { successor.acknowledger.finished(partition, offset: record.offset, epoch: record.epoch) }
        await successor.stop()
    }

    @Test func commitsKeepTheirMetadata() async throws {
        let topic = try await TestCluster.topic(partitions: 2)
        let group = TestCluster.unique("group")
        for partition: Int32 in 0..<2 { try await write(topic, 0..<5, partition: partition) }
        let handler = RecordingHandler()
        var settings = GroupConsumer.Settings(group: group, subscription: [topic], commitInterval: .milliseconds(20))
        settings.commitMetadata = { _, point, ahead in ahead.isEmpty ? nil : "\(point):\(ahead.runs)" }
        let consumer = GroupConsumer(try TestCluster.settings("group"), settings, handler: handler, logger: TestCluster.logger)
        try consumer.start()
        #expect(await handler.log.wait { $0.records.count == 10 })
        let epoch = handler.log.state.records[0].epoch
        let partitions = (0..<2).map { TopicPartition(topic: topic, partition: Int32($0)) }
        #expect(try await consumer.committed(partitions, timeout: .seconds(5)).map(\.offset) == [-1, -1])
        // By itself: what is finished ahead, though the commit point has not moved.
        consumer.acknowledger.finished(partitions[0], offset: 2, epoch: epoch)
        consumer.acknowledger.finished(partitions[0], offset: 4, epoch: epoch)
        #expect(
            try await eventually(consumer, partitions[0]) {
                $0 == CommitOffset(topic: topic, partition: 0, offset: 0, metadata: "0:\([2...2, 4...4] as [ClosedRange<Int64>])")
            })
        // An explicit commit.
        try await consumer.commit([CommitOffset(topic: topic, partition: 1, offset: 3, metadata: "von Hand")])
        #expect(
            try await consumer.committed([partitions[1]], timeout: .seconds(5))
                == [CommitOffset(topic: topic, partition: 1, offset: 3, metadata: "von Hand")])
        for offset: Int64 in [0, 1, 3] { consumer.acknowledger.finished(partitions[0], offset: offset, epoch: epoch) }
        #expect(try await eventually(consumer, partitions[0]) { $0.offset == 5 && $0.metadata == nil })
        for offset: Int64 in 0..<5 { consumer.acknowledger.finished(partitions[1], offset: offset, epoch: epoch) }
        await consumer.stop()
        await #expect(throws: KafkaError.self) { try await consumer.commit([CommitOffset(topic: topic, partition: 1, offset: 0)]) }

        // The next owner gets the committed offsets.
        let admin = try KafkaAdmin(try TestCluster.settings("admin"), logger: TestCluster.logger)
        #expect(try await admin.committedOffsets(of: group, partitions).map(\.offset) == [5, 5])
        await admin.close()
    }

    @Test func pausedPartitionsRestAndGoOnWhereTheyStopped() async throws {
        let topic = try await TestCluster.topic(partitions: 2)
        let slow = TopicPartition(topic: topic, partition: 0)
        let handler = RecordingHandler()
        let consumer = try consumer(TestCluster.unique("group"), topic, handler)
        try consumer.start()
        #expect(await handler.log.wait { !$0.assigned.isEmpty })
        try await write(topic, 0..<3, partition: 0)
        #expect(await handler.log.wait { $0.records.count == 3 })
        consumer.acknowledger.pause([slow])
        // The pause is carried out before the next read: this record proves it, the pause came first.
        try await write(topic, 100..<101, partition: 1)
        #expect(await handler.log.wait { $0.records.contains { $0.partition == 1 } })
        try await write(topic, 3..<6, partition: 0)
        try await write(topic, 101..<150, partition: 1)
        #expect(await handler.log.wait { $0.records.filter { $0.partition == 1 }.count == 50 })
        #expect(handler.log.state.records.filter { $0.partition == 0 }.count == 3)
        consumer.acknowledger.resume([slow])
        #expect(await handler.log.wait { $0.records.filter { $0.partition == 0 }.count == 6 })
        #expect(handler.log.state.records.filter { $0.partition == 0 }.map(\.offset) == [0, 1, 2, 3, 4, 5])
        #expect(consumer.backlog[slow] == 6)
        for record in handler.log.state.records {
            consumer.acknowledger.finished(record.topicPartition, offset: record.offset, epoch: record.epoch)
        }
        #expect(consumer.backlog[slow] == 0)
        await consumer.stop()
    }

    @Test func aRestartAtOtherOffsetsReadsFromThereUnderANewEpoch() async throws {
        let topic = try await TestCluster.topic(partitions: 2)
        let group = TestCluster.unique("group")
        try await write(topic, 0..<8, partition: 0)
        try await write(topic, 0..<4, partition: 1)
        let moved = TopicPartition(topic: topic, partition: 0)
        let handler = RecordingHandler()
        let consumer = try consumer(group, topic, handler, drain: .milliseconds(100))
        try consumer.start()
        #expect(await handler.log.wait { $0.records.count == 12 })
        let epoch = handler.log.state.records[0].epoch
        try await consumer.restart(at: [CommitOffset(topic: topic, partition: 0, offset: 6)])
        #expect(await handler.log.wait { $0.records.count == 14 })
        #expect(handler.log.state.records.suffix(2).map(\.offset) == [6, 7])
        #expect(handler.log.state.records.suffix(2).allSatisfy { $0.epoch > epoch && $0.topicPartition == moved })
        #expect(handler.log.state.revoked.map(\.partitions) == [[moved]])
        #expect(try await consumer.committed([moved], timeout: .seconds(5)).map(\.offset) == [6])
        await #expect(throws: KafkaError.self) {
            try await consumer.restart(at: [CommitOffset(topic: "other", partition: 0, offset: 0)])
        }
        await consumer.stop()
        await #expect(throws: KafkaError.self) {
            try await consumer.restart(at: [CommitOffset(topic: topic, partition: 0, offset: 0)])
        }
    }

    @Test func anOffsetBehindTheEndIsLoudAndBeginsAgainAtTheBeginning() async throws {
        let topic = try await TestCluster.topic()
        let group = TestCluster.unique("group")
        let place = TopicPartition(topic: topic, partition: 0)
        try await write(topic, 0..<3)
        let handler = RecordingHandler()
        let consumer = try consumer(group, topic, handler, drain: .milliseconds(100))
        try consumer.start()
        #expect(await handler.log.wait { $0.records.count == 3 })
        try await consumer.restart(at: [CommitOffset(topic: topic, partition: 0, offset: 5000)])
        #expect(await handler.log.wait { $0.records.count == 6 })
        let log = handler.log.state
        #expect(log.errors.contains { $0.isOutOfRange })
        #expect(log.lost.map(\.offsets) == [3..<5000] && log.lost.first?.partition == place)
        #expect(log.records.map(\.offset) == [0, 1, 2, 0, 1, 2])
        #expect(log.assigned.map(\.epoch) == [1, 2, 3] && log.records.last?.epoch == 3, "what is there may be other records")
        #expect(try await consumer.committed([place], timeout: .seconds(5)).map(\.offset) == [0])
        for record in log.records.suffix(3) { consumer.acknowledger.finished(place, offset: record.offset, epoch: record.epoch) }
        await consumer.stop()
    }

    @Test("Scenario 22: a broker that goes and comes is reported and survived")
    func aBrokerThatGoesAndComesIsReportedAndSurvived() async throws {
        let cluster = try EmbeddedCluster(logger: TestCluster.logger)
        try cluster.createTopic("t", partitions: 1)
        let handler = RecordingHandler()
        let consumer = GroupConsumer(
            TestCluster.settings("group", cluster), GroupConsumer.Settings(group: "g", subscription: ["t"]), handler: handler,
            logger: TestCluster.logger)
        try consumer.start()
        let producer = try Producer(TestCluster.settings("writer", cluster), logger: TestCluster.logger)
        _ = try await producer.send(OutgoingRecord(topic: "t", value: TestCluster.value("1")))
        #expect(await handler.log.wait { $0.records.count == 1 })
        cluster.setBroker(-1, up: false)
        #expect(await handler.log.wait { !$0.errors.isEmpty })
        cluster.setBroker(-1, up: true)
        _ = try await producer.send(OutgoingRecord(topic: "t", value: TestCluster.value("2")))
        #expect(await handler.log.wait(.seconds(30)) { $0.records.contains { $0.offset == 1 } })
        for record in handler.log.state.records {
            consumer.acknowledger.finished(record.topicPartition, offset: record.offset, epoch: record.epoch)
        }
        let time = await ContinuousClock().measure { await consumer.stop() }
        #expect(time < .seconds(9))
        await producer.close(flush: .seconds(1))
        cluster.close()
    }

    @Test func stoppingIsBoundedWhileTheBrokerIsDown() async throws {
        let cluster = try EmbeddedCluster(logger: TestCluster.logger)
        try cluster.createTopic("t", partitions: 1)
        let handler = RecordingHandler()
        var settings = GroupConsumer.Settings(group: "g", subscription: ["t"])
        settings.drain = .milliseconds(300)
        let consumer = GroupConsumer(
            TestCluster.settings("group", cluster), settings, handler: handler, logger: TestCluster.logger)
        try consumer.start()
        #expect(await handler.log.wait { !$0.assigned.isEmpty })
        cluster.setBroker(-1, up: false)
        let time = await ContinuousClock().measure { await consumer.stop() }
        #expect(time < .seconds(10))
        cluster.close()
    }

    @Test func twoMembersShareThePartitionsAndHandThemOver() async throws {
        let topic = try await TestCluster.topic(partitions: 4)
        let group = TestCluster.unique("group")
        let handlers = [RecordingHandler(), RecordingHandler()]
        let consumers = try handlers.map { try consumer(group, topic, $0) }
        for consumer in consumers { try consumer.start() }
        #expect(await handlers[0].log.wait { $0.assigned.last?.partitions.count == 2 })
        #expect(await handlers[1].log.wait { $0.assigned.last?.partitions.count == 2 })
        #expect(Set(consumers[0].assignment + consumers[1].assignment).count == 4)
        for partition: Int32 in 0..<4 { try await write(topic, 0..<5, partition: partition) }
        for (handler, consumer) in zip(handlers, consumers) {
            #expect(await handler.log.wait { $0.records.count == 10 })
            for record in handler.log.state.records {
                consumer.acknowledger.finished(record.topicPartition, offset: record.offset, epoch: record.epoch)
            }
        }
        await consumers[0].stop()
        #expect(await handlers[1].log.wait { $0.assigned.last?.partitions.count == 4 })
        // Its own partitions came back under a later epoch.
        let epochs = handlers[1].log.state.assigned.map(\.epoch)
        #expect(epochs == epochs.sorted() && Set(epochs).count == epochs.count)
        for partition: Int32 in 0..<4 { try await write(topic, 5..<6, partition: partition) }
        #expect(await handlers[1].log.wait { log in Set(log.records.filter { $0.offset == 5 }.map(\.partition)).count == 4 })
        await consumers[1].stop()
    }

    /// The strategy of newer librdkafka: partitions that stay are not interrupted.
    @Test func cooperativeMembersKeepWhatStaysTheirs() async throws {
        let topic = try await TestCluster.topic(partitions: 4)
        let group = TestCluster.unique("group")
        // A real cluster takes no session that short, and needs none: there a group settles sooner.
        let session = TestCluster.external == nil ? ["session.timeout.ms": "2500"] : [:]
        let kafka = try TestCluster.settings("group", ["partition.assignment.strategy": "cooperative-sticky"].merging(session) { $1 })
        let settings = GroupConsumer.Settings(group: group, subscription: [topic])
        let handlers = [RecordingHandler(), RecordingHandler()]
        let consumers = handlers.map { GroupConsumer(kafka, settings, handler: $0, logger: TestCluster.logger) }
        try consumers[0].start()
        #expect(await handlers[0].log.wait { $0.assigned.contains { $0.partitions.count == 4 } })
        try consumers[1].start()
        #expect(await handlers[1].log.wait(.seconds(30)) { $0.assigned.contains { $0.partitions.count == 2 } })
        let moved = consumers[1].assignment
        #expect(handlers[0].log.state.revoked.map(\.partitions) == [moved])
        #expect(consumers[0].assignment.count == 2 && Set(consumers[0].assignment + moved).count == 4)
        for partition: Int32 in 0..<4 { try await write(topic, 0..<5, partition: partition) }
        for (handler, consumer) in zip(handlers, consumers) {
            #expect(await handler.log.wait { $0.records.count == 10 })
            #expect(Set(handler.log.state.records.map(\.topicPartition)) == Set(consumer.assignment))
            for record in handler.log.state.records {
                consumer.acknowledger.finished(record.topicPartition, offset: record.offset, epoch: record.epoch)
            }
        }
        // The embedded cluster refuses commits during a rebalance, so they are awaited before a member leaves.
        for consumer in consumers {
            for partition in consumer.assignment {
                #expect(try await eventually(consumer, partition) { $0.offset == 5 })
            }
        }
        await consumers[1].stop()
        await consumers[0].stop()
        let admin = try KafkaAdmin(try TestCluster.settings("admin"), logger: TestCluster.logger)
        let partitions = (0..<4).map { TopicPartition(topic: topic, partition: Int32($0)) }
        #expect(try await admin.committedOffsets(of: group, partitions).map(\.offset) == [5, 5, 5, 5])
        await admin.close()
    }

    @Test func aBadPropertyIsNamedAtStart() async throws {
        let kafka = KafkaSettings(bootstrap: "localhost:1", clientID: "x", properties: ["heartbeat.interval.ms": "soon"])
        let consumer = GroupConsumer(
            kafka, GroupConsumer.Settings(group: "g", subscription: ["t"]), handler: RecordingHandler(), logger: TestCluster.logger)
        #expect { try consumer.start() } throws: { "\($0)".contains("heartbeat.interval.ms") }
        await consumer.stop()
    }

    // MARK: tools

    private func consumer(
        _ group: String, _ topic: String, _ handler: RecordingHandler, drain: Duration = .seconds(2)
    ) throws -> GroupConsumer {
        GroupConsumer(
            try TestCluster.settings("group"), GroupConsumer.Settings(group: group, subscription: [topic], drain: drain),
            handler: handler, logger: TestCluster.logger)
    }

    private func write(_ topic: String, _ numbers: Range<Int>, partition: Int32 = 0) async throws {
        let producer = try Producer(try TestCluster.settings("writer"), logger: TestCluster.logger)
        for number in numbers {
            _ = try await producer.send(OutgoingRecord(topic: topic, partition: partition, value: TestCluster.value("\(number)")))
        }
        await producer.close(flush: .seconds(5))
    }

    /// Kafka does not announce commits, so they are queried until the answer is as expected.
    private func eventually(
        _ consumer: GroupConsumer, _ partition: TopicPartition, _ condition: (CommitOffset) -> Bool
    ) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < deadline {
            let committed = try await consumer.committed([partition], timeout: .seconds(5))
            if let first = committed.first, condition(first) { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        return false
    }
}
