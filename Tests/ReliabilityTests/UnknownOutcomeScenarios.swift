import Directory
import Kafka
import Logging
import NIOCore
import Support
import Testing
import Topics

/// A write whose answer never came, and which stands in the log all the same.
@Suite(.serialized, .timeLimit(.minutes(5))) struct UnknownOutcomeScenarios {
    /// A cluster that is slow to answer, and a producer that does not wait for it.
    private func withSlowAnswers(_ body: (TestKafka, EmbeddedCluster, KafkaSettings) async throws -> Void) async throws {
        let kafka = try await TestKafka(ownBrokers: 1)
        defer { kafka.close() }
        var impatient = kafka.settings
        impatient.properties["message.timeout.ms"] = "1000"
        try await body(kafka, try #require(kafka.embedded), impatient)
    }

    @Test func aWriteThatTimedOutMayStandInTheLogAndSaysSo() async throws {
        try await withSlowAnswers { kafka, cluster, impatient in
            let topic = "\(kafka.topics.requests).unknown"
            try await kafka.createTopic(topic, partitions: 1)
            let producer = try Producer(impatient, logger: kafka.logger)
            func send(_ text: String) async throws(KafkaError) -> RecordPosition {
                try await producer.send(OutgoingRecord(topic: topic, partition: 0, value: ByteBuffer(string: text)))
            }
            _ = try await send("before")
            cluster.setRoundTrip(broker: -1, .seconds(4))
            await #expect { try await send("unknown") } throws: { error in
                (error as? KafkaError).map { $0.isTimedOut && $0.isRetriable && $0.mayBePersisted } ?? false
            }
            cluster.setRoundTrip(broker: -1, .zero)
            try await eventually("it goes on") { (try? await send("after")) != nil }
            let values = try await kafka.records(in: topic, partitions: 1).compactMap { $0.value.map { String(buffer: $0) } }
            #expect(values.first == "before" && values.contains("unknown") && values.last == "after", "\(values)")

            // Never sent: nothing can stand anywhere.
            cluster.setBroker(-1, up: false)
            await #expect { try await send("never") } throws: { error in
                (error as? KafkaError).map { $0.isTimedOut && !$0.mayBePersisted } ?? false
            }
            cluster.setBroker(-1, up: true)
            await producer.close(flush: .seconds(1))
        }
    }

    @Test func aWriteToTheSharedStateIsRepeatedAndChangesNothingTheSecondTime() async throws {
        try await withSlowAnswers { kafka, cluster, impatient in
            let lines = LogLines()
            let producer = try Producer(impatient, logger: kafka.logger)
            let secrets = NodeSecrets(current: Array("a secret of the node".utf8))
            let store = StateStore(kafka: kafka.settings, topics: kafka.topics, secrets: secrets, logger: kafka.logger)
            try await store.start()
            let writer = StateWriter(
                producer: producer, topics: kafka.topics, store: store, logger: lines.logger, timeout: .seconds(30))
            let nodes = ["0xa", "0xb"].map { NetworkNode(operatorAddress: $0, url: "https://\($0)", source: "state") }
            try await writer.write([.put(.node(nodes[0]))])

            cluster.setRoundTrip(broker: -1, .seconds(4))
            async let written: Void = writer.write([.put(.node(nodes[1]))])
            try await eventually("it is sent again") { lines.all.contains { $0.text.contains("repeating a write") } }
            cluster.setRoundTrip(broker: -1, .zero)
            try await written
            #expect(store.directory.nodes == nodes)
            let records = try await kafka.records(in: kafka.topics.state, partitions: 1)
            #expect(records.count > 2 && Set(records.map(\.key)).count == 2, "the first attempt stands there as well")
            await store.stop()
            await producer.close(flush: .seconds(1))
        }
    }
}
