import Support
import Testing

@testable import Kafka

@Suite(.timeLimit(.minutes(5))) struct GroupRequestsTests {
    @Test func whatManyGroupsHaveReadIsAskedAtOnce() async throws {
        let topic = try await TestCluster.topic(partitions: 2)
        let places = (0..<2).map { TopicPartition(topic: topic, partition: Int32($0)) }
        let readers = (0..<3).map { number in (TestCluster.unique("reader"), Int64(number + 1)) }
        for (group, offset) in readers {
            let consumer = GroupConsumer(
                try TestCluster.settings(group), GroupConsumer.Settings(group: group, subscription: [topic]), handler: RecordingHandler(),
                logger: TestCluster.logger)
            try await commit(CommitOffset(topic: topic, partition: 1, offset: offset), by: consumer)
        }
        let admin = try KafkaAdmin(try TestCluster.settings("admin"), logger: TestCluster.logger)
        let stranger = TestCluster.unique("stranger")
        let answers = try await admin.committedOffsets(ofGroups: readers.map(\.0) + [stranger], places, within: .seconds(10))
        #expect(answers.count == 4)
        for (group, offset) in readers { #expect(try answers[group]?.get().map(\.offset).sorted() == [-1, offset]) }
        #expect(try answers[stranger]?.get().allSatisfy { $0.offset == -1 } == true)
        await admin.close()
    }

    @Test(.enabled(if: TestCluster.external == nil)) func anEmbeddedClusterSaysAtOnceThatItCannotTellAboutGroups() async throws {
        let admin = try KafkaAdmin(try TestCluster.settings("admin"), logger: TestCluster.logger)
        let begin = ContinuousClock.now
        await #expect { try await admin.listGroups(within: .seconds(20)) } throws: { ($0 as? KafkaError)?.isUnsupported == true }
        await #expect { try await admin.describeGroups(["g"], within: .seconds(20)) } throws: {
            ($0 as? KafkaError)?.isUnsupported == true
        }
        #expect(ContinuousClock.now - begin < .seconds(10))
        await admin.close()
    }

    @Test(.enabled(if: TestCluster.external != nil)) func aGroupIsDescribedWithItsMembersAndListed() async throws {
        let topic = try await TestCluster.topic(partitions: 3)
        let group = TestCluster.unique("described")
        let admin = try KafkaAdmin(try TestCluster.settings("admin"), logger: TestCluster.logger)
        let before = try await admin.describeGroups([group], within: .seconds(10))
        #expect(try before[group]?.get() == GroupDescription(state: .empty, members: []), "nobody has heard of it")
        let consumer = GroupConsumer(
            try TestCluster.settings("worker"), GroupConsumer.Settings(group: group, subscription: [topic]), handler: RecordingHandler(),
            logger: TestCluster.logger)
        try await commit(CommitOffset(topic: topic, partition: 0, offset: 1), by: consumer) {
            let found = try #require(try await admin.describeGroups([group], within: .seconds(10))[group]?.get())
            #expect(found.state == .stable && found.members.count == 1)
            #expect(found.members.first?.clientID.hasPrefix("worker") == true)
            #expect(found.members.first?.partitions.map(\.partition).sorted() == [0, 1, 2])
            #expect(try await admin.listGroups(within: .seconds(10)).contains(group))
            #expect(try await standing(group, admin) == found)
        }
        let after = try #require(try await admin.describeGroups([group], within: .seconds(10))[group]?.get())
        #expect(after == GroupDescription(state: .empty, members: []))
        #expect(try await standing(group, admin) == after)
        #expect(try await standing(TestCluster.unique("stranger"), admin) == after)
        await admin.close()
    }

    /// COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR, of OffsetFetch. The last two ended the process.
    @Test(arguments: [Int32(14), 15, 16]) func aCoordinatorThatLoadsOrHasMovedIsAskedAgain(code: Int32) async throws {
        let cluster = try EmbeddedCluster(logger: TestCluster.logger)
        try cluster.createTopic("t", partitions: 1)
        let admin = try KafkaAdmin(TestCluster.settings("admin", cluster), logger: TestCluster.logger)
        let place = TopicPartition(topic: "t", partition: 0)
        cluster.pushErrors(api: 9, [code, code])
        #expect(try await admin.committedOffsets(of: "group", [place]).map(\.offset) == [-1])
        cluster.pushErrors(api: 9, [code, code])
        let answers = try await admin.committedOffsets(ofGroups: ["group", "other"], [place], within: .seconds(10))
        for group in ["group", "other"] { #expect(try answers[group]?.get().map(\.offset) == [-1], "\(answers)") }
        await admin.close()
        cluster.close()
    }

    /// librdkafka 2.0.2 ends the process when a request that has timed out finds its coordinator later.
    @Test func aCoordinatorThatComesBackAfterAQuestionWasGivenUpDoesNoHarm() async throws {
        let cluster = try EmbeddedCluster(logger: TestCluster.logger)
        try cluster.createTopic("t", partitions: 1)
        let admin = try KafkaAdmin(TestCluster.settings("admin", cluster), logger: TestCluster.logger)
        let place = TopicPartition(topic: "t", partition: 0)
        #expect(try await admin.committedOffsets(of: "group", [place]).map(\.offset) == [-1])
        cluster.setBroker(-1, up: false)
        for _ in 0..<3 {
            let answers = try await admin.committedOffsets(ofGroups: ["group", "other"], [place], within: .milliseconds(300))
            #expect(answers.values.allSatisfy { $0.failure?.isTimedOut == true }, "\(answers)")
        }
        // A coordinator that never answers does no harm either.
        let impatient = try KafkaAdmin(TestCluster.settings("impatient", cluster), logger: TestCluster.logger)
        _ = try await impatient.committedOffsets(ofGroups: ["group"], [place], within: .milliseconds(300))
        await impatient.close()
        cluster.setBroker(-1, up: true)
        #expect(try await admin.committedOffsets(of: "group", [place]).map(\.offset) == [-1])
        #expect(try await admin.committedOffsets(of: "other", [place]).map(\.offset) == [-1])
        await admin.close()
        cluster.close()
    }

    private func standing(_ group: String, _ admin: KafkaAdmin) async throws -> GroupDescription {
        try await admin.perform("describe group") { admin throws(KafkaError) in
            try admin.once { rk in GroupRequests.standing(rk, group, 10_000) }
        }
    }

    private func commit(
        _ offset: CommitOffset, by consumer: GroupConsumer, meanwhile body: () async throws -> Void = {}
    ) async throws {
        try consumer.start()
        let deadline = ContinuousClock.now + .seconds(30)
        while consumer.assignment.isEmpty, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(20)) }
        #expect(!consumer.assignment.isEmpty)
        try await consumer.commit([offset])
        try await body()
        await consumer.stop()
    }
}
