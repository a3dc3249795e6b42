import Kafka
import NIOCore
import Support
import Synchronization
import Testing
import Topics

/// Leaders that move while everything goes on, as in any cluster that is upgraded broker by broker.
@Suite(.serialized, .timeLimit(.minutes(5))) struct LeaderMoveScenarios {
    private static let partitions: Int32 = 3
    private static let rounds = 40
    private static let perRound = 5

    /// What was acknowledged of each partition, in order, and what failed.
    private final class Writing: Sendable {
        private struct State {
            var acknowledged: [Int32: [Int]] = [:]
            var next: [Int32: Int64] = [:]
            var failures: [KafkaError] = []
            var isOver = false
        }

        private let state = Mutex(State())

        var failures: [KafkaError] { state.withLock { $0.failures } }
        var acknowledged: [Int32: [Int]] { state.withLock { $0.acknowledged } }
        var count: Int { state.withLock { $0.acknowledged.values.reduce(0) { $0 + $1.count } } }

        /// Whether the last record was handed over.
        var isOver: Bool { state.withLock { $0.isOver } }

        func end() { state.withLock { $0.isOver = true } }

        /// The least that Kafka may say of a partition's end.
        func end(_ partition: Int32) -> Int64 { state.withLock { $0.next[partition] ?? 0 } }

        func send(_ number: Int, to topic: String, _ partition: Int32, with producer: Producer) {
            producer.send(OutgoingRecord(topic: topic, partition: partition, value: ByteBuffer(string: "\(number)"))) { result in
                self.state.withLock { state in
                    switch result {
                    case .success(let position):
                        state.acknowledged[partition, default: []].append(number)
                        state.next[partition] = max(state.next[partition] ?? 0, position.offset + 1)
                    case .failure(let error): state.failures.append(error)
                    }
                }
            }
        }
    }

    @Test func leadersMoveWhileRecordsAreWrittenReadAndAskedFor() async throws {
        let kafka = try await TestKafka(ownBrokers: 3)
        defer { kafka.close() }
        let cluster = try #require(kafka.embedded)
        let topic = "\(kafka.topics.requests).moves"
        try await kafka.createTopic(topic, partitions: Int(Self.partitions))
        for partition in 0..<Self.partitions { cluster.setLeader(topic, partition, 1) }
        let read = Mutex<[IncomingRecord]>([])
        let reader = PartitionReader(
            kafka.settings, topic: topic, partitions: (0..<Self.partitions).map { $0 }, start: .beginning, logger: kafka.logger,
            onBatch: { batch in read.withLock { $0 += batch } }, onEnd: { _, _ in })
        try await reader.start()
        let member = Member()
        let consumer = try member.join(kafka.topics.group("moves"), [topic], on: kafka)
        let producer = try Producer(kafka.settings, logger: kafka.logger)
        let writing = Writing()

        try await withThrowingTaskGroup(of: Void.self) { tasks in
            // The same question without pause, as MATCHER asks it.
            for partition in 0..<Self.partitions {
                tasks.addTask {
                    let place = TopicPartition(topic: topic, partition: partition)
                    while !writing.isOver {
                        let least = writing.end(partition)
                        let end = try await reader.latestOffset(place, timeout: .seconds(20))
                        #expect(end >= least, "an end of a moment after the question")
                    }
                }
            }
            tasks.addTask {
                for round in 0..<Self.rounds {
                    for number in 0..<Self.perRound {
                        for partition in 0..<Self.partitions {
                            writing.send(round * Self.perRound + number, to: topic, partition, with: producer)
                        }
                    }
                    let moved = Int32(round) % Self.partitions
                    // Every other time there is none for a moment.
                    if round % 2 == 0 {
                        cluster.setLeader(topic, moved, nil)
                        try await Task.sleep(for: .milliseconds(50))
                    }
                    cluster.setLeader(topic, moved, Int32(round) % 3 + 1)
                    try await Task.sleep(for: .milliseconds(50))
                }
                writing.end()
            }
            try await tasks.waitForAll()
        }

        let all = Self.rounds * Self.perRound * Int(Self.partitions)
        try await eventually("all are acknowledged", within: .seconds(30)) { writing.count == all }
        #expect(writing.failures.isEmpty)
        let expected = Array(0..<Self.rounds * Self.perRound)
        for partition in 0..<Self.partitions { #expect(writing.acknowledged[partition] == expected, "in order") }
        func numbers(_ records: [IncomingRecord], _ partition: Int32) -> [Int] {
            var firsts: [Int] = []
            for record in records where record.partition == partition {
                guard let number = record.value.flatMap({ Int(String(buffer: $0)) }) else { continue }
                if firsts.last.map({ $0 < number }) ?? true { firsts.append(number) }
            }
            return firsts
        }
        for partition in 0..<Self.partitions {
            try await eventually("partition \(partition) is read to its end, in order", within: .seconds(30)) {
                numbers(read.withLock { $0 }, partition) == expected
            }
            try await eventually("the group has all of partition \(partition), in order", within: .seconds(30)) {
                numbers(member.seen.records, partition) == expected
            }
        }
        await consumer.stop()
        await reader.stop()
        await producer.close(flush: .seconds(1))
    }
}
