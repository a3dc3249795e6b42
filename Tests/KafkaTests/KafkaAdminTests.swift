import Kafka
import Support
import Testing

@Suite(.timeLimit(.minutes(5))) struct KafkaAdminTests {
    @Test func topicsAreListedAndDescribedWithoutCreatingAny() async throws {
        let topic = try await TestCluster.topic(partitions: 3)
        let missing = TestCluster.unique("missing")
        let admin = try KafkaAdmin(try TestCluster.settings("admin"), logger: TestCluster.logger)
        // The queried broker may be the last to learn of the topic.
        try await eventually("the topic is listed") { try await admin.listTopics()[topic] == 3 }
        let found = try await admin.describeTopics([topic, missing])
        try #require(found.map(\.name) == [topic] && found.map(\.partitions) == [3])
        #expect(try await admin.listTopics()[missing] == nil)
        let isEmbedded = try await admin.isEmbedded()
        #expect(isEmbedded == (TestCluster.external == nil))
        #expect(isEmbedded == found[0].config.isEmpty)
        let brokers = try await admin.brokerCount()
        #expect(brokers >= 1)
        #expect(try await admin.usualReplication() == min(3, brokers))
        if !isEmbedded { #expect(found[0].replication == min(3, brokers)) }
        await admin.close()
        await admin.close()
        await #expect(throws: KafkaError.self) { try await admin.listTopics() }
    }

    @Test(.enabled(if: TestCluster.external == nil)) func anEmbeddedClusterCannotCreateTopicsThisWay() async throws {
        let admin = try KafkaAdmin(try TestCluster.settings("admin"), logger: TestCluster.logger)
        await #expect { try await admin.createTopics([NewTopic(name: "x", partitions: 1, replication: 1)]) } throws: { error in
            (error as? KafkaError)?.isUnsupported ?? false
        }
        await admin.close()
    }

    @Test(.enabled(if: TestCluster.external != nil)) func topicsAreCreatedOnceAndDeleted() async throws {
        let admin = try KafkaAdmin(try TestCluster.settings("admin"), logger: TestCluster.logger)
        let topic = NewTopic(name: TestCluster.unique("made"), partitions: 2, replication: 1, config: ["retention.ms": "86400000"])
        let bad = NewTopic(name: TestCluster.unique("bad"), partitions: 1, replication: 1, config: ["no.such.setting": "1"])
        let first = try await admin.createTopics([topic, bad])
        #expect(first[topic.name] == .some(.none))
        #expect(first[bad.name].flatMap { $0 } != nil)
        let again = try await admin.createTopics([topic])
        #expect(again[topic.name].flatMap { $0 }?.isTopicExists == true)
        // The queried broker may not have learned of the topic yet.
        try await eventually("its settings are told") {
            try await admin.describeTopics([topic.name]).first?.config["retention.ms"] == "86400000"
        }
        let deleted = try await admin.deleteTopics([topic.name])
        #expect(deleted[topic.name] == .some(.none))
        await admin.close()
    }

    @Test func watermarksAndTimes() async throws {
        let topic = try await TestCluster.topic(partitions: 2)
        let producer = try Producer(try TestCluster.settings("writer"), logger: TestCluster.logger)
        for _ in 0..<4 { _ = try await producer.send(OutgoingRecord(topic: topic, partition: 1, value: TestCluster.value("x"))) }
        await producer.close(flush: .seconds(5))
        let partitions = (0..<2).map { TopicPartition(topic: topic, partition: Int32($0)) }
        let admin = try KafkaAdmin(try TestCluster.settings("admin"), logger: TestCluster.logger)
        #expect(try await admin.watermarks(of: partitions) == [partitions[0]: 0..<0, partitions[1]: 0..<4])
        let never = try await admin.offsets(of: partitions, from: 32_000_000_000_000)
        #expect(never == [partitions[0]: nil, partitions[1]: nil])
        if TestCluster.external != nil {
            #expect(try await admin.offsets(of: partitions, from: 0) == [partitions[0]: nil, partitions[1]: 0])
        }
        await admin.close()
    }

    @Test func aClusterThatIsNotThereIsAnErrorNotAHang() async throws {
        let cluster = try EmbeddedCluster(logger: TestCluster.logger)
        try cluster.createTopic("t", partitions: 1)
        let settings = TestCluster.settings("admin", cluster)
        let reader = PartitionReader(
            settings, topic: "t", partitions: [0], start: .beginning, logger: TestCluster.logger, onBatch: { _ in }, onEnd: { _, _ in })
        try await reader.start()
        cluster.close()
        cluster.close()
        #expect(throws: KafkaError.self) { try cluster.createTopic("late", partitions: 1) }
        await #expect { try await reader.latestOffset(TopicPartition(topic: "t", partition: 0), timeout: .milliseconds(200)) } throws: {
            error in
            (error as? KafkaError)?.isRetriable ?? false
        }
        // The leader is known, but the broker is down: a query keeps its time limit, and stopping does not wait longer.
        let time = await ContinuousClock().measure { await reader.stop() }
        #expect(time < .seconds(5))
    }
}
