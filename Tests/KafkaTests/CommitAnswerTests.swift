import Kafka
import Synchronization
import Testing

/// The reports of commits to a handler, and commits that are made for their answers.
@Suite(.timeLimit(.minutes(5))) struct CommitAnswerTests {
    private func consumer(
        _ group: String, _ topic: String, _ handler: RecordingHandler, _ change: (inout GroupConsumer.Settings) -> Void
    ) throws -> GroupConsumer {
        let numbers = Atomic<Int>(0)
        var settings = GroupConsumer.Settings(group: group, subscription: [topic], drain: .milliseconds(100))
        settings.commitMetadata = { _, point, _ in "\(point)#\(numbers.wrappingAdd(1, ordering: .relaxed).newValue)" }
        change(&settings)
        return GroupConsumer(try TestCluster.settings("answers"), settings, handler: handler, logger: TestCluster.logger)
    }

    private func write(_ topic: String, _ count: Int) async throws {
        let producer = try Producer(try TestCluster.settings("writer"), logger: TestCluster.logger)
        for number in 0..<count {
            _ = try await producer.send(OutgoingRecord(topic: topic, partition: 0, value: TestCluster.value("\(number)")))
        }
        await producer.close(flush: .seconds(1))
    }

    @Test func aCommitThatIsWantedDoesNotWaitForItsTimeAndItsAnswerComesWithWhatWasCommitted() async throws {
        let topic = try await TestCluster.topic()
        let group = TestCluster.unique("group")
        let partition = TopicPartition(topic: topic, partition: 0)
        try await write(topic, 3)
        let first = RecordingHandler()
        // No commit is ever due.
        let consumer = try consumer(group, topic, first) { $0.commitInterval = .seconds(3600) }
        try consumer.start()
        #expect(await first.log.wait { $0.records.count == 3 })
        #expect(first.log.state.committed.isEmpty)
        consumer.acknowledger.commitSoon([partition])
        #expect(await first.log.wait { $0.committed.count == 1 })
        consumer.acknowledger.finished(partition, offset: 0, epoch: first.log.state.records[0].epoch)
        consumer.acknowledger.commitSoon([partition])
        #expect(await first.log.wait { $0.committed.count == 2 })
        let expected = [(0, "0#1"), (1, "1#2")].map { CommitOffset(topic: topic, partition: 0, offset: $0.0, metadata: $0.1) }
        #expect(first.log.state.committed == expected)
        #expect(try await consumer.committed([partition], timeout: .seconds(5)) == expected.suffix(1))
        await consumer.stop()

        // Without any record read: the offset that is committed already, with other metadata.
        let second = RecordingHandler()
        let successor = try self.consumer(group, topic, second) { $0.commitInterval = .seconds(3600) }
        try successor.start()
        #expect(await second.log.wait { !$0.assigned.isEmpty })
        successor.acknowledger.commitSoon([partition])
        #expect(await second.log.wait { $0.committed.contains { $0.offset == 1 && $0.metadata == "1#1" } })
        await successor.stop()
    }

    @Test func commitsAreRepeatedWhereNothingChangesSoThatTheirAnswersSayWhoOwnsThePartition() async throws {
        let topic = try await TestCluster.topic()
        try await write(topic, 1)
        let handler = RecordingHandler()
        let consumer = try consumer(TestCluster.unique("group"), topic, handler) {
            $0.commitInterval = .milliseconds(10)
            $0.recommitInterval = .milliseconds(50)
        }
        try consumer.start()
        #expect(await handler.log.wait { $0.committed.count >= 5 })
        let commits = handler.log.state.committed
        #expect(commits.allSatisfy { $0.offset == 0 } && Set(commits.map(\.metadata)).count == commits.count)
        await consumer.stop()
    }

    @Test func anOperatorsSessionTimeoutIsTheOneThatHolds() throws {
        let settings = GroupConsumer.Settings(group: "g", subscription: [], sessionTimeout: .seconds(9))
        #expect(settings.sessionTimeout(with: KafkaSettings(bootstrap: "", clientID: "")) == .seconds(9))
        let kafka = KafkaSettings(bootstrap: "", clientID: "", properties: ["session.timeout.ms": "6500"])
        #expect(settings.sessionTimeout(with: kafka) == .milliseconds(6500))
    }
}
