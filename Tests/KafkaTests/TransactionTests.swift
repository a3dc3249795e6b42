import Kafka
import Synchronization
import Testing

/// The embedded cluster accepts transaction calls without implementing them; here only calls and error reactions are tested.
@Suite(.timeLimit(.minutes(5))) struct TransactionTests {
    // Kafka's API keys and error codes.
    private let addPartitionsToTransaction: Int16 = 24
    private let endTransaction: Int16 = 26
    private let initProducerID: Int16 = 22
    private let producerFenced: Int32 = 90
    private let topicAuthorizationFailed: Int32 = 29
    private let coordinatorLoadInProgress: Int32 = 14

    @Test func consumingAndProducingCommitTogether() async throws {
        let topic = try await TestCluster.topic()
        let handler = RecordingHandler()
        let consumer = GroupConsumer(
            try TestCluster.settings("group"), GroupConsumer.Settings(group: TestCluster.unique("group"), subscription: [topic]),
            handler: handler, logger: TestCluster.logger)
        try consumer.start()
        #expect(await handler.log.wait { !$0.assigned.isEmpty })
        let producer = try Producer(
            try TestCluster.settings("tx"), transactionalID: TestCluster.unique("tx"), logger: TestCluster.logger)
        try await producer.initTransactions()
        for round: Int64 in 0..<3 {
            try await producer.beginTransaction()
            let position = try await producer.send(OutgoingRecord(topic: topic, value: TestCluster.value("x")))
            #expect(position.offset >= round)
            try await producer.sendOffsets([CommitOffset(topic: topic, partition: 0, offset: round)], of: consumer)
            if round == 1 { try await producer.abortTransaction() } else { try await producer.commitTransaction() }
        }
        await consumer.stop()
        try await producer.beginTransaction()
        await #expect(throws: KafkaError.self) {
            try await producer.sendOffsets([CommitOffset(topic: topic, partition: 0, offset: 9)], of: consumer)
        }
        try await producer.abortTransaction()
        await producer.close(flush: .seconds(2))
        await #expect(throws: KafkaError.self) { try await producer.beginTransaction() }
    }

    @Test("Scenario 17: a refused partition asks for an abort, and the next transaction commits")
    func aRefusedPartitionAsksForAnAbort() async throws {
        try await withProducer { cluster, producer in
            try await producer.initTransactions()
            try await producer.beginTransaction()
            cluster.pushErrors(api: addPartitionsToTransaction, [topicAuthorizationFailed])
            await #expect(throws: KafkaError.self) {
                _ = try await producer.send(OutgoingRecord(topic: "t", value: TestCluster.value("x")))
            }
            await #expect { try await producer.commitTransaction() } throws: { error in
                (error as? KafkaError).map { $0.needsAbort && !$0.isFatal && !$0.isRetriable } ?? false
            }
            try await producer.abortTransaction()
            try await producer.beginTransaction()
            _ = try await producer.send(OutgoingRecord(topic: "t", value: TestCluster.value("x")))
            try await producer.commitTransaction()
        }
    }

    @Test("Scenario 17: a fenced producer is fatal")
    func aFencedProducerIsFatal() async throws {
        let told = Mutex<[KafkaError]>([])
        try await withProducer(onFatal: { error in told.withLock { $0.append(error) } }) { cluster, producer in
            try await producer.initTransactions()
            try await producer.beginTransaction()
            _ = try await producer.send(OutgoingRecord(topic: "t", value: TestCluster.value("x")))
            cluster.pushErrors(api: endTransaction, [producerFenced])
            await #expect { try await producer.commitTransaction() } throws: { error in
                (error as? KafkaError).map { $0.isFatal && $0.isFenced && !$0.isRetriable } ?? false
            }
            // From now on every record says so.
            await #expect { try await producer.send(OutgoingRecord(topic: "t", value: TestCluster.value("x"))) } throws: { error in
                (error as? KafkaError)?.isFatal ?? false
            }
        }
        #expect(told.withLock { $0 }.contains { $0.isFatal }, "whoever supervises the process is told")
    }

    @Test("Scenario 17: a coordinator that is loading is waited for")
    func aLoadingCoordinatorIsWaitedFor() async throws {
        try await withProducer { cluster, producer in
            cluster.pushErrors(api: initProducerID, [coordinatorLoadInProgress, coordinatorLoadInProgress])
            try await producer.initTransactions()
        }
    }

    @Test func aProducerWithoutATransactionalIDSaysSo() async throws {
        let producer = try Producer(try TestCluster.settings("plain"), logger: TestCluster.logger)
        await #expect(throws: KafkaError.self) { try await producer.initTransactions() }
        await producer.close(flush: .seconds(1))
    }

    private func withProducer(
        onFatal: (@Sendable (KafkaError) -> Void)? = nil, _ body: (EmbeddedCluster, Producer) async throws -> Void
    ) async throws {
        let cluster = try EmbeddedCluster(logger: TestCluster.logger)
        try cluster.createTopic("t", partitions: 1)
        var settings = TestCluster.settings("tx", cluster)
        settings.onFatal = onFatal
        let producer = try Producer(settings, transactionalID: "tx", logger: TestCluster.logger)
        try await body(cluster, producer)
        await producer.close(flush: .seconds(1))
        cluster.close()
    }
}
