import Logging
import NIOCore
import Support
import Testing

@testable import Kafka

/// A broker's refusal is reported with the missing right, and forgotten soon after the right is granted.
@Suite(.serialized, .timeLimit(.minutes(5))) struct MissingRightsTests {
    /// TOPIC_AUTHORIZATION_FAILED and GROUP_AUTHORIZATION_FAILED.
    private static let (topicRefused, groupRefused): (Int32, Int32) = (29, 30)

    private func withCluster(_ body: (EmbeddedCluster, KafkaSettings) async throws -> Void) async throws {
        let cluster = try EmbeddedCluster(brokers: 1, logger: TestCluster.logger)
        defer { cluster.close() }
        try cluster.createTopic("t", partitions: 1)
        try await body(cluster, KafkaSettings(bootstrap: cluster.bootstrap, clientID: "rights", properties: ["fetch.wait.max.ms": "2"]))
    }

    @Test func aRightSaysWhatToDo() {
        let group = MissingRight("Read", .group("ocn.push"))
        #expect(
            group.description == "this Kafka user lacks the right Read on the consumer group ocn.push: "
                + "kafka-acls.sh --add --allow-principal User:NAME --operation Read --group ocn.push")
        #expect(MissingRight("IdempotentWrite", .cluster).description.hasSuffix("--operation IdempotentWrite --cluster"))
        #expect("\(KafkaError.lacks(group, "group offsets"))".contains("GROUP_AUTHORIZATION_FAILED: \(group)"))
    }

    @Test func whatReadingIsRefusedIsNotedUntilItSucceeds() {
        let rights = MissingRights()
        #expect(rights.current.isEmpty)
        rights.note(reading: KafkaError(operation: "consume", code: Self.topicRefused), topic: "t", group: "g")
        rights.note(reading: KafkaError(operation: "consume", code: Self.groupRefused), topic: nil, group: "g")
        rights.note(reading: KafkaError(operation: "consume", code: Self.groupRefused), topic: nil, group: nil)
        rights.note(reading: KafkaError(operation: "consume", code: -185), topic: "t", group: "g")
        #expect(rights.current == [MissingRight("Read", .group("g")), MissingRight("Read", .topic("t"))])
        rights.granted("Write", on: ["t"])
        #expect(rights.current.count == 2)
        rights.granted("Read", on: ["t", "u"])
        #expect(rights.current == [MissingRight("Read", .group("g"))])
    }

    @Test func aSubscriptionThatMayNotBeSeenNamesItsTopic() {
        func topic(_ name: String) -> String? {
            MissingRights.topic(inReason: "Subscribed topic not available: \(name): Broker: Topic authorization failed")
        }
        #expect(topic("ocn.requests") == "ocn.requests")
        #expect(topic("^ocn\\.outbox\\..*") == nil, "a pattern is no topic")
        #expect(MissingRights.topic(inReason: "Broker: Topic authorization failed") == nil)
    }

    @Test func aProducerThatMayNotWriteSaysSoUntilItMay() async throws {
        try await withCluster { cluster, settings in
            let producer = try Producer(settings, logger: TestCluster.logger)
            let record = OutgoingRecord(topic: "t", partition: 0, value: TestCluster.value("x"))
            _ = try await producer.send(record)
            cluster.pushErrors(api: 0, [Self.topicRefused])
            await #expect { try await producer.send(record) } throws: { ($0 as? KafkaError)?.isUnauthorized == true }
            #expect(settings.missingRights.current == [MissingRight("Write", .topic("t"))])
            // Until the producer learns of the topic again.
            try await eventually("it may") { (try? await producer.send(record)) != nil }
            #expect(settings.missingRights.current.isEmpty)
            await producer.close(flush: .seconds(1))
        }
    }
}
