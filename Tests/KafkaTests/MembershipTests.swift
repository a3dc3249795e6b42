import Kafka
import Testing

@Suite(.timeLimit(.minutes(5))) struct MembershipTests {
    @Test("Scenario 9: a member that the group has given up is told so, and told when it takes part again")
    func aMemberThatTheGroupHasGivenUpIsToldSo() async throws {
        let cluster = try EmbeddedCluster(logger: TestCluster.logger)
        try cluster.createTopic("t", partitions: 1)
        let events = Watched<[String]>([])
        let handler = RecordingHandler()
        var settings = GroupConsumer.Settings(group: "g", subscription: ["t"], drain: .seconds(60))
        settings.onAssigned = { events.update { $0.append("assigned") } }
        settings.onLost = { events.update { $0.append("lost") } }
        let consumer = GroupConsumer(
            TestCluster.settings("group", cluster), settings, handler: handler, logger: TestCluster.logger)
        try consumer.start()
        #expect(await events.wait { $0 == ["assigned"] })
        let producer = try Producer(TestCluster.settings("writer", cluster), logger: TestCluster.logger)
        let position = try await producer.send(OutgoingRecord(topic: "t", value: TestCluster.value("1")))
        #expect(await handler.log.wait { $0.records.count == 1 })
        let old = try #require(handler.log.state.records.first)

        // Heartbeat (12): the coordinator knows no such member (25).
        cluster.pushErrors(api: 12, [25])
        #expect(await events.wait(.seconds(30)) { $0 == ["assigned", "lost", "assigned"] })
        #expect(handler.log.state.revoked.map(\.lost) == [true], "nothing is waited for")
        // What was under way comes again, and its late end counts for nothing.
        #expect(await handler.log.wait { $0.records.count == 2 })
        let again = try #require(handler.log.state.records.last)
        #expect(again.offset == position.offset && again.epoch > old.epoch)
        consumer.finished(old.topicPartition, offset: old.offset, epoch: old.epoch)
        #expect(consumer.droppedResults == 1)
        consumer.finished(again.topicPartition, offset: again.offset, epoch: again.epoch)
        await consumer.stop()
        #expect(events.state.count == 3, "leaving is no loss")
        await producer.close(flush: .seconds(1))
        cluster.close()
    }
}
