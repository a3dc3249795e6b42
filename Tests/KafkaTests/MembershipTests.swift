import Support
import Synchronization
import Testing

@testable import Kafka

@Suite(.timeLimit(.minutes(5))) struct MembershipTests {
    // MARK: When a client is replaced

    private let start = ContinuousClock.now

    @Test func whoIsOutForTooLongGetsAFreshClientAtGrowingIntervals() {
        var watch = MembershipMonitor(after: .seconds(30), from: start)
        #expect(watch.mustRenew(at: start + .seconds(29)) == nil)
        var renewed: [Int] = []
        for second in 30...1000 where watch.mustRenew(at: start + .seconds(second)) != nil {
            renewed.append(second)
            #expect(watch.isFirstRenewal == (renewed.count == 1))
        }
        #expect(renewed == [30, 90, 210, 450, 750])
        #expect(watch.joined(at: start + .seconds(1000)) == .init(out: .seconds(1000), renewals: 5))
        #expect(watch.mustRenew(at: start + .seconds(5000)) == nil, "it is in")
        watch.left(at: start + .seconds(5000))
        watch.left(at: start + .seconds(5029))
        #expect(watch.mustRenew(at: start + .seconds(5030)) == .seconds(30), "counted from when it went out, as at first")
    }

    @Test func whoComesBackByItselfIsNoNews() {
        var watch = MembershipMonitor(after: .seconds(30), from: start)
        #expect(watch.joined(at: start + .seconds(29)) == nil)
        watch.left(at: start + .seconds(100))
        #expect(watch.joined(at: start + .seconds(103)) == nil)
    }

    // MARK: With Kafka

    /// After the group has removed the member, its request to join gets no answer for minutes.
    @Test func aMemberThatIsNotLetInAgainJoinsWithAFreshClientAndLosesNothing() async throws {
        let cluster = try EmbeddedCluster(logger: TestCluster.logger)
        try cluster.createTopic("t", partitions: 1)
        let lines = LogLines()
        let isOut = Atomic(false)
        let handler = RecordingHandler()
        var settings = GroupConsumer.Settings(group: "g", subscription: ["t"], commitInterval: .milliseconds(20))
        // Longer than a group of the cluster in memory takes to settle without the old member.
        settings.rejoinAfter = .seconds(10)
        settings.onLost = {
            // Requests from now on are answered after the test.
            guard !isOut.exchange(true, ordering: .acquiringAndReleasing) else { return }
            cluster.setRoundTrip(broker: -1, .seconds(600))
        }
        let consumer = GroupConsumer(TestCluster.settings("group", cluster), settings, handler: handler, logger: lines.logger)
        try consumer.start()
        let producer = try Producer(TestCluster.settings("writer", cluster), logger: TestCluster.logger)
        for number in 0..<10 {
            _ = try await producer.send(OutgoingRecord(topic: "t", value: TestCluster.value("\(number)")))
        }
        #expect(await handler.log.wait { $0.records.count == 10 })
        for record in handler.log.state.records where record.offset < 4 {
            consumer.acknowledger.finished(record.topicPartition, offset: record.offset, epoch: record.epoch)
        }
        #expect(await handler.log.wait { $0.committed.contains { $0.offset == 4 } })
        let before = handler.log.state.records.count

        cluster.pushErrors(api: 12, [25])
        try await eventually("it is out") { isOut.load(ordering: .acquiring) }
        let story = "out of its group for "
        try await eventually("it gives its client up", within: .seconds(30)) { lines.notable.contains { $0.text.hasPrefix(story) } }
        cluster.setRoundTrip(broker: -1, .zero)
        try await eventually("everything unfinished comes again", within: .seconds(60)) {
            handler.log.state.records.dropFirst(before).map(\.offset) == [4, 5, 6, 7, 8, 9]
        }
        for record in handler.log.state.records.dropFirst(before) {
            consumer.acknowledger.finished(record.topicPartition, offset: record.offset, epoch: record.epoch)
        }
        _ = try await producer.send(OutgoingRecord(topic: "t", value: TestCluster.value("after")))
        #expect(await handler.log.wait { $0.records.last?.offset == 10 && $0.committed.contains { $0.offset == 10 } })
        #expect(lines.notable.count { $0.text.hasPrefix(story) } == 1)
        #expect(lines.notable.count { $0.text.hasPrefix("in its group again after ") } == 1)
        await consumer.stop()
        await producer.close(flush: .seconds(1))
        cluster.close()
    }

    @Test("Scenario 9: a member that the group has given up is told so, and told when it takes part again")
    func aMemberThatTheGroupHasGivenUpIsToldSo() async throws {
        let cluster = try EmbeddedCluster(logger: TestCluster.logger)
        try cluster.createTopic("t", partitions: 1)
        let events = Observed<[String]>([])
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
        // The record in progress is read again, and its late result is dropped.
        #expect(await handler.log.wait { $0.records.count == 2 })
        let again = try #require(handler.log.state.records.last)
        #expect(again.offset == position.offset && again.epoch > old.epoch)
        consumer.acknowledger.finished(old.topicPartition, offset: old.offset, epoch: old.epoch)
        #expect(consumer.droppedResults == 1)
        consumer.acknowledger.finished(again.topicPartition, offset: again.offset, epoch: again.epoch)
        await consumer.stop()
        #expect(events.state.count == 3, "leaving is no loss")
        await producer.close(flush: .seconds(1))
        cluster.close()
    }
}
