import Kafka
import OCPI
import Support
import Testing
import Topics

/// Groups under faults. Joining takes three seconds, so each test joins as seldom as it can.
@Suite(.serialized, .timeLimit(.minutes(5))) struct GroupScenarios {
    @Test("Scenario 3: markers and aborted records of transactions hold no commit back", .enabled(if: TestKafka.realCluster != nil))
    func transactionsLeaveGaps() async throws {
        let kafka = try await TestKafka()
        let topic = kafka.topics.outbox(try #require(PartyID("DE-GAP")))
        try await kafka.createTopic(topic, partitions: 1)
        let producer = try TransactionalProducer(kafka.settings.bootstrap, id: topic)
        try producer.transaction(topic, count: 3, isCommitted: true)
        try producer.transaction(topic, count: 2, isCommitted: false)
        producer.close()
        let plain = try Producer(kafka.settings, logger: kafka.logger)
        try await plain.fill(topic, partitions: 0..<1, count: 1)
        await plain.close(flush: .seconds(5))

        let member = Member()
        let consumer = try member.join("\(topic).group", [topic], on: kafka)
        // Three records and their marker, two that were aborted and their marker, one record.
        try await eventually("all but the aborted come") { member.offsets(0) == [0, 1, 2, 7] }
        let partition = TopicPartition(topic: topic, partition: 0)
        try await eventually("everything is committed") {
            try await consumer.committed([partition], timeout: .seconds(5)).first?.offset == 8
        }
        await consumer.stop()
    }

    /// A tool of an operator moves offsets and leaves what else was committed as it is.
    @Test("Scenario 7: offsets that an operator moved while nobody worked hold, and old notes about what was finished do not")
    func movedOffsetsHold() async throws {
        let kafka = try await TestKafka()
        defer { kafka.close() }
        let (topic, elsewhere, group) = ("\(kafka.topics.requests).moved", "\(kafka.topics.requests).other", kafka.topics.group("moved"))
        try await kafka.createTopic(topic, partitions: 3)
        try await kafka.createTopic(elsewhere, partitions: 1)
        let producer = try Producer(kafka.settings, logger: kafka.logger)
        try await producer.fill(topic, partitions: 0..<3, count: 10)
        await producer.close(flush: .seconds(5))
        let partitions = (0..<3).map { TopicPartition(topic: topic, partition: Int32($0)) }

        let first = Member { [0, 1, 2, 4, 6].contains($0.offset) }
        let before = try first.join(group, [topic], on: kafka)
        try await eventually("the first member has everything") { first.seen.records.count == 30 }
        try await eventually("what it finished is committed") {
            try await before.committed(partitions, timeout: .seconds(5)).allSatisfy { $0.offset == 3 && $0.metadata != nil }
        }
        let note = try #require(try await before.committed(partitions, timeout: .seconds(5)).first?.metadata)
        await before.stop()

        // Only members may commit, so the operator is one that reads something else.
        let operators = Member()
        let tool = try operators.join(group, [elsewhere], on: kafka)
        try await eventually("the operator is in the group") { !tool.assignment.isEmpty }
        try await tool.commit([
            CommitOffset(topic: topic, partition: 0, offset: 1, metadata: note),
            CommitOffset(topic: topic, partition: 1, offset: 8, metadata: note),
        ])
        await tool.stop()

        let second = Member()
        let after = try second.join(group, [topic], on: kafka)
        try await eventually("everything is committed") {
            try await after.committed(partitions, timeout: .seconds(5)).allSatisfy { $0.offset == 10 && $0.metadata == nil }
        }
        #expect(second.offsets(0) == Array(1..<10), "lower: again from there")
        #expect(second.offsets(1) == [8, 9], "higher: on from there")
        #expect(second.offsets(2) == [3, 5, 7, 8, 9], "untouched: only what was not finished")
        await after.stop()
    }

    @Test("Scenario 21: a group whose coordinator was away repeats nothing and commits when it is back")
    func theCoordinatorIsGoneForAWhile() async throws {
        let kafka = try await TestKafka(ownBrokers: 2)
        defer { kafka.close() }
        let cluster = try #require(kafka.embedded)
        let (topic, group) = ("\(kafka.topics.requests).read", kafka.topics.group("read"))
        try await kafka.createTopic(topic, partitions: 1)
        cluster.setLeader(topic, 0, 1)
        cluster.setCoordinator(group: group, 2)
        let producer = try Producer(kafka.settings, logger: kafka.logger)
        try await producer.fill(topic, partitions: 0..<1, count: 10)
        let member = Member()
        // Longer than the coordinator is away: a member that was silent for its session has lost its partitions.
        var patient = kafka.settings
        patient.properties["session.timeout.ms"] = "30000"
        let consumer = try member.join(group, [topic], on: kafka, patient)
        let partition = TopicPartition(topic: topic, partition: 0)
        func committed() async throws -> Int64 {
            try await consumer.committed([partition], timeout: .seconds(5)).first?.offset ?? -1
        }
        try await eventually("what was there is committed") { try await committed() == 10 }

        cluster.setBroker(2, up: false)
        try await eventually("the member notices") { !member.seen.errors.isEmpty }
        try await producer.fill(topic, partitions: 0..<1, count: 90)
        cluster.setBroker(2, up: true)
        try await eventually("everything is read") { member.offsets(0) == Array(0..<100) }
        try await eventually("commits catch up") { try await committed() == 100 }
        #expect(member.seen.records.count == 100 && member.seen.assignments == 1, "nothing came twice")
        await consumer.stop()
        await producer.close(flush: .seconds(1))
    }

    @Test("Scenario 40: a topic that grows is read on, new partitions from their beginning", .enabled(if: TestKafka.realCluster != nil))
    func aTopicGrows() async throws {
        let kafka = try await TestKafka()
        let (topic, group) = ("\(kafka.topics.requests).grows", kafka.topics.group("grows"))
        try await kafka.createTopic(topic, partitions: 6)
        let before = try Producer(kafka.settings, logger: kafka.logger)
        try await before.fill(topic, partitions: 0..<6, count: 3)
        await before.close(flush: .seconds(5))
        let member = Member()
        let consumer = try member.join(group, [topic], on: kafka, metadataRefresh: .milliseconds(500))
        try await eventually("the topic is read") { member.seen.records.count == 18 }

        try Partitions.grow(topic, to: 12, at: kafka.settings.bootstrap)
        let admin = try KafkaAdmin(kafka.settings, logger: kafka.logger)
        try await eventually("the brokers know") { try await admin.listTopics()[topic] == 12 }
        await admin.close()
        // Before the member knows the new partitions: one that began at their end would miss these.
        // The broker that it asks may not know them yet.
        let after = try Producer(kafka.settings, logger: kafka.logger)
        try await after.fill(topic, partitions: 6..<12, count: 3)
        await after.close(flush: .seconds(5))
        try await eventually("all partitions are read from their beginning", within: .seconds(60)) {
            (0..<12).allSatisfy { Array(Set(member.offsets($0))).sorted() == Array(0..<3) }
        }
        await consumer.stop()
    }

    /// What a broker that learned late of a topic leaves: a group that has settled, and partitions that were left out. Its members look for new
    /// ones so rarely here that they do not heal it by themselves.
    @Test("Scenario 40: partitions that a group has left out are taken", .enabled(if: TestKafka.realCluster != nil))
    func partitionsWithoutAnOwnerAreTaken() async throws {
        let kafka = try await TestKafka()
        let (topic, group) = ("\(kafka.topics.requests).unowned", kafka.topics.group("unowned"))
        try await kafka.createTopic(topic, partitions: 2)
        let members = [Member(), Member()]
        let consumers = try members.map {
            try $0.join(group, [topic], on: kafka, metadataRefresh: .seconds(3600), ownershipInterval: .milliseconds(300))
        }
        try await eventually("each has one") { consumers.allSatisfy { $0.assignment.count == 1 } }

        try Partitions.grow(topic, to: 6, at: kafka.settings.bootstrap)
        let producer = try Producer(kafka.settings, logger: kafka.logger)
        try await producer.fill(topic, partitions: 0..<6, count: 3)
        await producer.close(flush: .seconds(5))
        try await eventually("every partition is read") {
            (0..<6).allSatisfy { partition in
                members.contains { Array(Set($0.offsets(partition))).sorted() == Array(0..<3) }
            }
        }
        for consumer in consumers { await consumer.stop() }
    }

    @Test("Scenario 40: what was written to a topic before anybody knew it is read from its beginning")
    func aNewTopicIsReadFromItsBeginning() async throws {
        let kafka = try await TestKafka()
        defer { kafka.close() }
        let (old, new, group) = ("\(kafka.topics.requests).grows.a", "\(kafka.topics.requests).grows.b", kafka.topics.group("grows"))
        try await kafka.createTopic(old, partitions: 1)
        let producer = try Producer(kafka.settings, logger: kafka.logger)
        try await producer.fill(old, partitions: 0..<1, count: 3)
        let member = Member()
        let pattern = "^" + "\(kafka.topics.requests).grows.".replacing(".", with: "\\.") + ".*"
        let consumer = try member.join(group, [pattern], on: kafka, metadataRefresh: .milliseconds(300))
        try await eventually("the old topic is read") { member.seen.records.count == 3 }

        try await kafka.createTopic(new, partitions: 2)
        try await producer.fill(new, partitions: 0..<2, count: 5)
        try await eventually("the new one is read from its beginning", within: .seconds(120)) {
            (0..<2).allSatisfy { partition in
                member.seen.records.filter { $0.topic == new && $0.partition == partition }.map(\.offset) == [0, 1, 2, 3, 4]
            }
        }
        #expect(member.seen.records.filter { $0.topic == old }.map(\.offset) == [0, 1, 2], "what was finished does not come again")
        await consumer.stop()
        await producer.close(flush: .seconds(1))
    }
}
