import Kafka
import NIOCore
import Support
import Synchronization
import Testing
import Topics

/// Brokers that go, come back and are slow. The in-memory cluster keeps a partition's records when its broker is down, as replicas would;
/// it has no replicas that could be too few.
@Suite(.serialized, .timeLimit(.minutes(5))) struct BrokerFaultScenarios {
    /// What became of each record, by key and number.
    private final class Account: Sendable {
        struct Entry: Hashable, Sendable {
            let key: String
            let number: Int
        }

        private let state = Mutex((acknowledged: [Entry: RecordPosition](), failed: Set<Entry>()))

        var acknowledged: [Entry: RecordPosition] { state.withLock { $0.acknowledged } }
        var failed: Set<Entry> { state.withLock { $0.failed } }
        var known: Int { state.withLock { $0.acknowledged.count + $0.failed.count } }

        func send(_ entry: Entry, to topic: String, partition: Int32, with producer: Producer) {
            let record = OutgoingRecord(
                topic: topic, partition: partition, key: entry.key, value: ByteBuffer(string: "\(entry.number)"), headers: RecordHeaders())
            producer.send(record) { result in
                self.state.withLock { state in
                    switch result {
                    case .success(let position): state.acknowledged[entry] = position
                    case .failure: state.failed.insert(entry)
                    }
                }
            }
        }

        /// Every acknowledged record stands where Kafka said, and the records of a key stand in the order in which they were sent.
        func check(_ log: [IncomingRecord]) throws {
            var firsts: [String: [Int]] = [:]
            var standing: [RecordPosition: Entry] = [:]
            for record in log {
                let entry = Entry(
                    key: try #require(record.key), number: try #require(record.value.flatMap { Int(String(buffer: $0)) }))
                standing[RecordPosition(topic: record.topic, partition: record.partition, offset: record.offset)] = entry
                // What was sent again because an answer was lost stands twice here: the in-memory cluster does not tell repeats.
                if firsts[entry.key]?.contains(entry.number) != true { firsts[entry.key, default: []].append(entry.number) }
            }
            let all = Set(standing.values)
            for (entry, position) in acknowledged {
                // Without an offset: it stood there already when it was sent again.
                #expect(position.offset < 0 ? all.contains(entry) : standing[position] == entry, "\(entry) was acknowledged at \(position)")
            }
            for (key, numbers) in firsts { #expect(numbers == numbers.sorted(), "\(key) is out of order") }
        }
    }

    private func records(_ kafka: TestKafka, _ topic: String) async throws -> [IncomingRecord] {
        try await kafka.records(in: topic, partitions: 3)
    }

    @Test("Scenario 18: what was acknowledged while a leader died is readable and in order, and nothing else counts as acknowledged")
    func aLeaderDies() async throws {
        let kafka = try await TestKafka(ownBrokers: 3)
        defer { kafka.close() }
        let cluster = try #require(kafka.embedded)
        let topic = "\(kafka.topics.requests).leader"
        try await kafka.createTopic(topic, partitions: 3)
        for partition: Int32 in 0..<3 { cluster.setLeader(topic, partition, partition + 1) }
        let producer = try Producer(kafka.settings, logger: kafka.logger)
        let account = Account()
        func send(_ numbers: Range<Int>) {
            for number in numbers {
                let partition = Int32(number % 3)
                account.send(.init(key: "key-\(partition)", number: number), to: topic, partition: partition, with: producer)
            }
        }
        send(0..<90)
        try await eventually("all are acknowledged") { account.acknowledged.count == 90 }

        cluster.setBroker(2, up: false)
        send(90..<300)
        try await eventually("the other partitions do not wait for it") { account.acknowledged.count == 230 }
        #expect(account.acknowledged.keys.allSatisfy { $0.key != "key-1" || $0.number < 90 }, "no success without a leader")

        // A replica takes over, as in any cluster that has one in sync.
        cluster.setLeader(topic, 1, 3)
        try await eventually("all are acknowledged by the new leader", within: .seconds(30)) { account.acknowledged.count == 300 }
        cluster.setBroker(2, up: true)
        send(300..<330)
        try await eventually("and those that follow") { account.acknowledged.count == 330 }
        try account.check(try await records(kafka, topic))
        await producer.close(flush: .seconds(1))
    }

    /// Errors that the in-memory cluster makes up for single requests would not do: it takes what follows them, as no real broker does.
    @Test("Scenario 20: when answers are slow and then lost no record is lost or out of order, and a full queue is told at once")
    func answersAreSlowAndLost() async throws {
        let kafka = try await TestKafka(ownBrokers: 1)
        defer { kafka.close() }
        let cluster = try #require(kafka.embedded)
        let topic = "\(kafka.topics.requests).slow"
        try await kafka.createTopic(topic, partitions: 3)
        var settings = kafka.settings
        settings.properties["queue.buffering.max.messages"] = "200"
        let producer = try Producer(settings, logger: kafka.logger)
        let account = Account()
        account.send(.init(key: "key-0", number: 0), to: topic, partition: 0, with: producer)
        try await eventually("the producer is connected") { account.acknowledged.count == 1 }

        cluster.setRoundTrip(broker: 1, .seconds(2))
        for number in 1..<300 {
            account.send(.init(key: "key-\(number % 3)", number: number), to: topic, partition: Int32(number % 3), with: producer)
        }
        #expect(account.failed.count == 299 - 200 && account.acknowledged.count == 1, "what does not fit is refused before anything else")
        try await eventually("the first are acknowledged") { account.acknowledged.count > 1 }
        // Others are written by now, and nobody will ever say so.
        cluster.setBroker(1, up: false)
        cluster.setRoundTrip(broker: 1, .zero)
        cluster.setBroker(1, up: true)
        try await eventually("every record has its outcome") { account.known == 300 }
        #expect(account.failed.count == 299 - 200, "only those that did not fit have failed")
        try account.check(try await records(kafka, topic))
        await producer.close(flush: .seconds(1))
    }
}
