import NIOCore
import Testing

@testable import Kafka

@Suite(.timeLimit(.minutes(5))) struct ProducerTests {
    /// By default Kafka creates a missing topic when a record is sent to it, with its default settings: a topic that an operator should
    /// restore would then look restored.
    @Test func noClientLetsKafkaMakeTopicsByItself() {
        var settings = KafkaSettings(bootstrap: "localhost:1", clientID: "x")
        let all = [
            ClientConfiguration.producer(settings), ClientConfiguration.consumer(settings, [:]),
            ClientConfiguration.questions(settings),
        ]
        for configuration in all { #expect(configuration.properties["allow.auto.create.topics"] == "false") }
        settings.producersMakeTopics = true
        let maker = ClientConfiguration.producer(settings)
        #expect(maker.properties["allow.auto.create.topics"] == "true", "the in-memory cluster has no other way")
    }

    @Test func aRecordArrivesWithItsKeyHeadersAndBytes() async throws {
        let topic = try await TestCluster.topic()
        let producer = try Producer(try TestCluster.settings("producer"), logger: TestCluster.logger)
        let bytes = ByteBuffer(bytes: (0...255).map { UInt8($0) } + [0, 10, 13])
        let headers: RecordHeaders = ["ce_id": "1", "ce_subject": "DE/CPO/Größe", "twice": "a", "twice": "b"]
        let first = try await producer.send(OutgoingRecord(topic: topic, key: "DE-CPO|cdrs|1", value: bytes, headers: headers))
        _ = try await producer.send(OutgoingRecord(topic: topic, partition: 0, key: "gone", value: nil))
        let last = try await producer.send(OutgoingRecord(topic: topic, value: ByteBuffer()))
        #expect(first == RecordPosition(topic: topic, partition: 0, offset: 0))
        #expect(last.offset == 2)
        let records = try await read(topic, count: 3)
        #expect(records[0].key == "DE-CPO|cdrs|1")
        #expect(records[0].value == bytes)
        #expect(records[0].headers == headers)
        #expect(records[0].headers["twice"] == "b")
        #expect(records[0].timestamp > 1_600_000_000_000)
        #expect(records[1].key == "gone" && records[1].value == nil)
        #expect(records[2].key == nil && records[2].value == ByteBuffer() && records[2].headers.fields.isEmpty)
        await producer.close(flush: .seconds(5))
    }

    @Test func aRecordOfMoreThanFourMegabytesArrives() async throws {
        let topic = try await TestCluster.topic()
        let producer = try Producer(try TestCluster.settings("producer"), logger: TestCluster.logger)
        let bytes = ByteBuffer(repeating: 0x61, count: 1024 * 1024)
        _ = try await producer.send(OutgoingRecord(topic: topic, value: bytes))
        let tooLarge = ByteBuffer(repeating: 0x61, count: 5 * 1024 * 1024)
        await #expect { try await producer.send(OutgoingRecord(topic: topic, value: tooLarge)) } throws: { error in
            (error as? KafkaError)?.name == "MSG_SIZE_TOO_LARGE"
        }
        #expect(try await read(topic, count: 1)[0].value == bytes)
        await producer.close(flush: .seconds(5))
    }

    /// A record for a partition that never appears fails in the end; later records are sent.
    @Test func aPartitionThatIsNotThereIsLookedForAWhile() async throws {
        let topic = try await TestCluster.topic()
        let producer = try Producer(try TestCluster.settings("producer"), logger: TestCluster.logger)
        let lost = Task { try await producer.send(OutgoingRecord(topic: topic, partition: 7, value: TestCluster.value("lost"))) }
        _ = try await producer.send(OutgoingRecord(topic: topic, partition: 0, value: TestCluster.value("kept")))
        await #expect { try await lost.value } throws: { error in
            (error as? KafkaError).map { $0.isUnknownTopic && !$0.mayBePersisted } ?? false
        }
        #expect(producer.outstandingRecords == 0)
        await producer.close(flush: .seconds(5))
    }

    @Test func whatWaitsForItsTopicIsReportedAtClose() async throws {
        let topic = try await TestCluster.topic()
        let producer = try Producer(try TestCluster.settings("producer"), logger: TestCluster.logger)
        let reports = Observed(0)
        for _ in 0..<3 {
            producer.send(OutgoingRecord(topic: topic, partition: 7, value: TestCluster.value("lost"))) { result in
                if result.failure?.isUnknownTopic == true { reports.update { $0 += 1 } }
            }
        }
        await producer.close(flush: .seconds(5))
        #expect(reports.state == 3)
    }

    @Test func aReportFailsWhenTheBrokerIsDown() async throws {
        let cluster = try EmbeddedCluster(logger: TestCluster.logger)
        try cluster.createTopic("t", partitions: 1)
        let settings = TestCluster.settings("producer", cluster, ["message.timeout.ms": "1500"])
        let producer = try Producer(settings, logger: TestCluster.logger)
        _ = try await producer.send(OutgoingRecord(topic: "t", value: TestCluster.value("before")))
        cluster.setBroker(-1, up: false)
        await #expect { try await producer.send(OutgoingRecord(topic: "t", value: TestCluster.value("lost"))) } throws: { error in
            (error as? KafkaError)?.isTimedOut == true
        }
        cluster.setBroker(-1, up: true)
        await producer.close(flush: .seconds(1))
        cluster.close()
    }

    @Test func aFullQueueIsReportedAtOnce() async throws {
        let cluster = try EmbeddedCluster(logger: TestCluster.logger)
        try cluster.createTopic("t", partitions: 1)
        cluster.setBroker(-1, up: false)
        let settings = TestCluster.settings("producer", cluster, ["queue.buffering.max.messages": "10"])
        let producer = try Producer(settings, logger: TestCluster.logger)
        let outcomes = Observed<[Result<RecordPosition, KafkaError>]>([])
        for _ in 0..<15 {
            producer.send(OutgoingRecord(topic: "t", value: TestCluster.value("x"))) { result in outcomes.update { $0.append(result) } }
        }
        #expect(outcomes.state.count == 5)
        #expect(outcomes.state.allSatisfy { ($0.failure?.isQueueFull ?? false) && ($0.failure?.isRetriable ?? false) })
        await producer.close(flush: .milliseconds(100))
        #expect(outcomes.state.count == 15)
        #expect(producer.outstandingRecords == 0)
        cluster.close()
    }

    @Test func closingCallsEveryReportAndRefusesLaterRecords() async throws {
        let topic = try await TestCluster.topic(partitions: 3)
        let producer = try Producer(try TestCluster.settings("producer"), logger: TestCluster.logger)
        let reports = Observed((good: 0, bad: 0))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for number in 0..<500 {
                        producer.send(OutgoingRecord(topic: topic, key: "\(number)", value: TestCluster.value("x"))) { result in
                            reports.update { if result.failure == nil { $0.good += 1 } else { $0.bad += 1 } }
                        }
                    }
                }
            }
        }
        // Several closers, all of whom return.
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<3 { group.addTask { await producer.close(flush: .seconds(60)) } }
        }
        #expect(reports.state.good == 2000 && reports.state.bad == 0)
        await #expect(throws: KafkaError.self) {
            try await producer.send(OutgoingRecord(topic: topic, value: TestCluster.value("late")))
        }
    }

    @Test func recordsSentWhileClosingAreReportedToo() async throws {
        let topic = try await TestCluster.topic()
        for _ in 0..<5 {
            let producer = try Producer(try TestCluster.settings("producer"), logger: TestCluster.logger)
            let reports = Observed(0)
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        for _ in 0..<300 {
                            producer.send(OutgoingRecord(topic: topic, value: TestCluster.value("x"))) { _ in reports.update { $0 += 1 } }
                        }
                    }
                }
                group.addTask { await producer.close(flush: .seconds(5)) }
            }
            #expect(reports.state == 600)
        }
    }

    @Test func aBadPropertyIsNamedAndItsSecretIsNot() throws {
        let unknown = KafkaSettings(bootstrap: "localhost:1", clientID: "x", properties: ["no.such.property": "hush"])
        #expect { try Producer(unknown, logger: TestCluster.logger) } throws: { error in
            "\(error)".contains("no.such.property") && !"\(error)".contains("hush")
        }
        let wrong = KafkaSettings(bootstrap: "localhost:1", clientID: "x", properties: ["acks": "perhaps"])
        #expect { try Producer(wrong, logger: TestCluster.logger) } throws: { "\($0)".contains("acks") }
        let key = KafkaSettings(bootstrap: "localhost:1", clientID: "x", properties: ["ssl.key.pem": "hush"])
        #expect(!"\(key)".contains("hush") && !String(reflecting: key).contains("hush"))
    }

    @Test func statisticsAreHandedOver() async throws {
        let texts = Observed<[String]>([])
        var settings = try TestCluster.settings("statistics", ["statistics.interval.ms": "100"])
        settings.onStatistics = { client, json in
            texts.update { $0.append(client.hasPrefix("statistics-") && json.contains("\"txmsgs\"") ? "good" : "bad") }
        }
        let producer = try Producer(settings, logger: TestCluster.logger)
        #expect(await texts.wait { $0.first == "good" })
        await producer.close(flush: .seconds(1))
    }

    /// The sender was told that its record was not written, and has acted on that.
    @Test func aRecordOfATopicWithLittlePatienceIsNotSentAfterItWasGivenUp() async throws {
        let cluster = try EmbeddedCluster(brokers: 1, logger: TestCluster.logger)
        defer { cluster.close() }
        for topic in ["little", "usual"] { try cluster.createTopic(topic, partitions: 1) }
        let producer = try Producer(
            TestCluster.settings("producer", cluster), deliveryTimeout: { $0 == "little" ? .limited(.seconds(1)) : .usual },
            logger: TestCluster.logger)
        func record(_ topic: String, _ text: String) -> OutgoingRecord {
            OutgoingRecord(topic: topic, partition: 0, value: TestCluster.value(text))
        }
        for topic in ["little", "usual"] { _ = try await producer.send(record(topic, "before")) }
        cluster.setBroker(-1, up: false)
        async let usual = producer.send(record("usual", "meanwhile"))
        await #expect { try await producer.send(record("little", "meanwhile")) } throws: { ($0 as? KafkaError)?.isTimedOut == true }
        cluster.setBroker(-1, up: true)
        #expect(try await usual.offset == 1, "it has waited")
        #expect(try await producer.send(record("little", "after")).offset == 1, "what was given up is not there")
        await producer.close(flush: .seconds(1))
    }

    private func read(_ topic: String, count: Int) async throws -> [IncomingRecord] {
        let records = Observed<[IncomingRecord]>([])
        let reader = PartitionReader(
            try TestCluster.settings("reader"), topic: topic, partitions: [0], start: .beginning, logger: TestCluster.logger,
            onBatch: { batch in records.update { $0 += batch } }, onEnd: { _, _ in })
        try await reader.start()
        let isComplete = await records.wait { $0.count >= count }
        await reader.stop()
        #expect(isComplete)
        return records.state
    }
}

extension Result {
    var failure: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
