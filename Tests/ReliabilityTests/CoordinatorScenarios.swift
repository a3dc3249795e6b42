import Kafka
import Logging
import NIOCore
import Support
import Testing
import Topics

/// A coordinator that has just got a partition of `__consumer_offsets` or `__transaction_state` reads it before it answers. That takes seconds,
/// in which it says so to everybody.
@Suite(.serialized, .timeLimit(.minutes(5))) struct CoordinatorScenarios {
    // Kafka's API keys and its error code.
    private let offsetFetch: Int16 = 9
    private let findCoordinator: Int16 = 10
    private let joinGroup: Int16 = 11
    private let initProducerID: Int16 = 22
    private let loading: Int32 = 14

    /// One settings value of a process, whose log lines are counted.
    private func settings(_ kafka: TestKafka) -> (KafkaSettings, LogLines) {
        (KafkaSettings(bootstrap: kafka.settings.bootstrap, clientID: "test", properties: kafka.settings.properties), LogLines())
    }

    @Test func aGroupWhoseCoordinatorLoadsForSecondsWaitsAndRepeatsNothing() async throws {
        let kafka = try await TestKafka(ownBrokers: 1)
        defer { kafka.close() }
        let cluster = try #require(kafka.embedded)
        let (topic, group) = ("\(kafka.topics.requests).loads", kafka.topics.group("loads"))
        try await kafka.createTopic(topic, partitions: 1)
        let producer = try Producer(kafka.settings, logger: kafka.logger)
        try await producer.fill(topic, partitions: 0..<1, count: 10)
        let place = TopicPartition(topic: topic, partition: 0)
        do {
            let first = Member()
            let consumer = try first.join(group, [topic], on: kafka)
            try await eventually("what was there is committed") {
                try await consumer.committed([place], timeout: .seconds(5)).first?.offset == 10
            }
            await consumer.stop()
        }
        try await producer.fill(topic, partitions: 0..<1, count: 10)

        // Each is asked again after a pause; together that is some seconds.
        cluster.pushErrors(api: findCoordinator, Array(repeating: loading, count: 3))
        cluster.pushErrors(api: joinGroup, Array(repeating: loading, count: 3))
        cluster.pushErrors(api: offsetFetch, Array(repeating: loading, count: 10))
        let (own, lines) = settings(kafka)
        let member = Member()
        let consumer = try member.join(group, [topic], on: kafka, own, logger: lines.logger)
        try await eventually("it has its partition", within: .seconds(40)) { member.seen.records.count == 10 }
        #expect(member.offsets(0) == Array(10..<20), "from where the group was, not from the beginning")
        try await eventually("its commits are taken") { try await consumer.committed([place], timeout: .seconds(5)).first?.offset == 20 }
        #expect(lines.notable.count <= 3, "\(lines.notable)")
        #expect(!lines.all.contains { $0.level >= .error }, "nothing is wrong: \(lines.notable)")
        await consumer.stop()
        await producer.close(flush: .seconds(1))
    }

    @Test func aProducerWhoseIDIsNotToBeHadForSecondsWaits() async throws {
        let kafka = try await TestKafka(ownBrokers: 1)
        defer { kafka.close() }
        let cluster = try #require(kafka.embedded)
        let topic = "\(kafka.topics.requests).id"
        try await kafka.createTopic(topic, partitions: 1)
        // Asked for again each half second.
        cluster.pushErrors(api: initProducerID, Array(repeating: loading, count: 10))
        let (own, lines) = settings(kafka)
        let producer = try Producer(own, logger: lines.logger)
        let positions = try await withThrowingTaskGroup(of: RecordPosition.self) { tasks in
            for number in 0..<10 {
                tasks.addTask {
                    try await producer.send(OutgoingRecord(topic: topic, partition: 0, value: ByteBuffer(string: "\(number)")))
                }
            }
            return try await tasks.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(positions.map(\.offset)) == Set(0..<10))
        #expect(lines.notable.count <= 2, "\(lines.notable)")
        #expect(!lines.all.contains { $0.level >= .error }, "nothing is wrong: \(lines.notable)")
        await producer.close(flush: .seconds(1))
    }
}
