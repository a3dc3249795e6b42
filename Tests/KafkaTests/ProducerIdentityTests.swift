import Kafka
import Synchronization
import Testing

/// The idempotent producer when Kafka does not give it an identity, or takes it away. No role uses transactions.
@Suite(.timeLimit(.minutes(5))) struct ProducerIdentityTests {
    // Kafka's API keys and error codes.
    private let produce: Int16 = 0
    private let initProducerID: Int16 = 22
    private let coordinatorLoadInProgress: Int32 = 14
    private let outOfOrderSequenceNumber: Int32 = 45

    @Test("Scenario 17: a coordinator that is loading is waited for")
    func aLoadingCoordinatorIsWaitedFor() async throws {
        try await withProducer { cluster, producer in
            cluster.pushErrors(api: initProducerID, [coordinatorLoadInProgress, coordinatorLoadInProgress])
            let position = try await producer.send(OutgoingRecord(topic: "t", value: TestCluster.value("x")))
            #expect(position.offset == 0)
        }
    }

    @Test("Scenario 17: a producer whose sequence has a gap is fatal")
    func aRefusedSequenceIsFatal() async throws {
        let reported = Mutex<[KafkaError]>([])
        try await withProducer(onFatal: { error in reported.withLock { $0.append(error) } }) { cluster, producer in
            _ = try await producer.send(OutgoingRecord(topic: "t", value: TestCluster.value("x")))
            cluster.pushErrors(api: produce, [outOfOrderSequenceNumber])
            await #expect { try await producer.send(OutgoingRecord(topic: "t", value: TestCluster.value("x"))) } throws: { error in
                (error as? KafkaError).map { !$0.isRetriable } ?? false
            }
            // From now on every record says so.
            await #expect { try await producer.send(OutgoingRecord(topic: "t", value: TestCluster.value("x"))) } throws: { error in
                (error as? KafkaError)?.isFatal ?? false
            }
        }
        #expect(reported.withLock { $0 }.contains { $0.isFatal }, "the supervisor of the process is notified")
    }

    private func withProducer(
        onFatal: (@Sendable (KafkaError) -> Void)? = nil, _ body: (EmbeddedCluster, Producer) async throws -> Void
    ) async throws {
        let cluster = try EmbeddedCluster(logger: TestCluster.logger)
        try cluster.createTopic("t", partitions: 1)
        var settings = TestCluster.settings("identity", cluster)
        settings.onFatal = onFatal
        let producer = try Producer(settings, logger: TestCluster.logger)
        try await body(cluster, producer)
        await producer.close(flush: .seconds(1))
        cluster.close()
    }
}
