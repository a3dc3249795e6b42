import Kafka
import Testing

@Suite(.timeLimit(.minutes(5))) struct PartitionReaderTests {
    struct Seen: Sendable {
        var records: [IncomingRecord] = []
        var ends: [Int32: Int64] = [:]
        var errors: [KafkaError] = []
    }

    @Test func fromTheBeginningItSeesEverythingThenTheEnd() async throws {
        let topic = try await TestCluster.topic(partitions: 2)
        try await write(topic, 0..<20, partition: 0)
        try await write(topic, 20..<25, partition: 1)
        let seen = Observed(Seen())
        let reader = try reader(topic, [0, 1], .beginning, seen)
        try await reader.start()
        #expect(await seen.wait { $0.ends == [0: 20, 1: 5] })
        #expect(seen.state.records.filter { $0.partition == 0 }.map(\.key) == (0..<20).map(String.init))
        #expect(seen.state.records.filter { $0.partition == 1 }.map(\.offset) == [0, 1, 2, 3, 4])
        #expect(try await reader.latestOffset(TopicPartition(topic: topic, partition: 1), timeout: .seconds(5)) == 5)
        try await write(topic, 25..<26, partition: 1)
        #expect(await seen.wait { $0.ends[1] == 6 })
        await reader.stop()
        await #expect(throws: KafkaError.self) {
            try await reader.latestOffset(TopicPartition(topic: topic, partition: 1), timeout: .seconds(5))
        }
    }

    @Test func anEmptyPartitionHasItsEndAtOnce() async throws {
        let topic = try await TestCluster.topic()
        let seen = Observed(Seen())
        let reader = try reader(topic, [0], .beginning, seen)
        try await reader.start()
        #expect(await seen.wait { $0.ends == [0: 0] })
        await reader.stop()
    }

    @Test func fromTheEndItSeesOnlyLaterRecords() async throws {
        let topic = try await TestCluster.topic()
        try await write(topic, 0..<10, partition: 0)
        let seen = Observed(Seen())
        let reader = try reader(topic, [0], .end, seen)
        try await reader.start()
        // Written before the reader has fetched anything: must not be missed.
        try await write(topic, 10..<13, partition: 0)
        #expect(await seen.wait { $0.records.count >= 3 })
        #expect(seen.state.records.map(\.key) == ["10", "11", "12"])
        await reader.stop()
    }

    @Test func fromAnOffset() async throws {
        let topic = try await TestCluster.topic()
        try await write(topic, 0..<10, partition: 0)
        let seen = Observed(Seen())
        let reader = try reader(topic, [0], .offset(7), seen)
        try await reader.start()
        #expect(await seen.wait { $0.ends[0] == 10 })
        #expect(seen.state.records.map(\.offset) == [7, 8, 9])
        await reader.stop()
    }

    @Test func aPositionOutOfRangeIsReportedAndReadAgainFromTheBeginning() async throws {
        let topic = try await TestCluster.topic()
        try await write(topic, 0..<3, partition: 0)
        let seen = Observed(Seen())
        let reader = try reader(topic, [0], .offset(1000), seen)
        try await reader.start()
        #expect(await seen.wait { $0.ends[0] == 3 })
        #expect(seen.state.errors.contains { $0.isOutOfRange })
        #expect(seen.state.records.map(\.offset) == [0, 1, 2])
        await reader.stop()
    }

    @Test func stoppingIsQuickAndMayBeRepeated() async throws {
        let topic = try await TestCluster.topic()
        let reader = try reader(topic, [0], .beginning, Observed(Seen()))
        try await reader.start()
        let time = await ContinuousClock().measure {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<3 { group.addTask { await reader.stop() } }
            }
        }
        #expect(time < .seconds(3))
        await #expect(throws: KafkaError.self) { try await reader.start() }
    }

    @Test func aReaderThatWasNeverStartedStops() async throws {
        let reader = try reader("nowhere", [0], .beginning, Observed(Seen()))
        await reader.stop()
    }

    private func reader(
        _ topic: String, _ partitions: [Int32], _ start: PartitionReader.Start, _ seen: Observed<Seen>
    ) throws -> PartitionReader {
        PartitionReader(
            try TestCluster.settings("reader"), topic: topic, partitions: partitions, start: start, logger: TestCluster.logger,
            onBatch: { batch in seen.update { $0.records += batch } },
            onEnd: { partition, next in seen.update { $0.ends[partition] = next } },
            onError: { error in seen.update { $0.errors.append(error) } })
    }

    private func write(_ topic: String, _ numbers: Range<Int>, partition: Int32) async throws {
        let producer = try Producer(try TestCluster.settings("writer"), logger: TestCluster.logger)
        for number in numbers {
            _ = try await producer.send(
                OutgoingRecord(topic: topic, partition: partition, key: String(number), value: TestCluster.value("v\(number)")))
        }
        await producer.close(flush: .seconds(5))
    }
}
