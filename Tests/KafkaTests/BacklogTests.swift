import NIOCore
import Support
import Synchronization
import Testing

@testable import Kafka

/// A backlog is read as fast as it is processed, without pauses.
@Suite(.serialized, .timeLimit(.minutes(5))) struct BacklogTests {
    private static let partitions = 4
    private static let perPartition = 10_000

    /// Counts the delivered records, and the longest time between two deliveries.
    private final class Meter: Sendable {
        private struct State {
            var last: ContinuousClock.Instant?
            var longest = Duration.zero
        }

        let count = Observed(0)
        private let state = Mutex(State())

        var longestPause: Duration { state.withLock { $0.longest } }

        func took(_ records: Int) {
            state.withLock { state in
                let now = ContinuousClock.now
                if let last = state.last { state.longest = max(state.longest, now - last) }
                state.last = now
            }
            count.update { $0 += records }
        }
    }

    /// A role that ignores its records.
    private final class Idler: GroupHandler {
        let meter = Meter()

        func assigned(_ partitions: [TopicPartition], epoch: UInt64, acknowledger: RecordAcknowledger) {}
        func revoked(_ partitions: [TopicPartition], lost: Bool, acknowledger: RecordAcknowledger) {}

        func received(_ batch: [IncomingRecord], acknowledger: RecordAcknowledger) {
            acknowledger.finished(batch)
            meter.took(batch.count)
        }
    }

    /// The embedded cluster keeps less than 5 MB of a partition; this is 2 MB of each.
    private func fill(_ cluster: EmbeddedCluster) async throws {
        try cluster.createTopic("t", partitions: Self.partitions)
        let settings = TestCluster.settings("writer", cluster, ["linger.ms": "20", "batch.num.messages": "2500"])
        let producer = try Producer(settings, logger: TestCluster.logger)
        let written = Observed(0)
        let value = ByteBuffer(repeating: 0x2E, count: 150)
        for number in 0..<Self.partitions * Self.perPartition {
            producer.send(OutgoingRecord(topic: "t", partition: Int32(number % Self.partitions), value: value)) { result in
                #expect(result.failure == nil)
                written.update { $0 += 1 }
            }
        }
        #expect(await written.wait { $0 == Self.partitions * Self.perPartition })
        await producer.close(flush: .seconds(1))
    }

    private func drainedByAGroup(_ cluster: EmbeddedCluster, _ properties: [String: String]) async throws -> Duration {
        let handler = Idler()
        let settings = GroupConsumer.Settings(group: TestCluster.unique("group"), subscription: ["t"])
        let consumer = GroupConsumer(
            TestCluster.settings("backlog", cluster, properties), settings, handler: handler, logger: TestCluster.logger)
        try consumer.start()
        #expect(await handler.meter.count.wait(.seconds(40)) { $0 == Self.partitions * Self.perPartition })
        await consumer.stop()
        return handler.meter.longestPause
    }

    private func drainedByAReader(_ cluster: EmbeddedCluster, _ properties: [String: String]) async throws -> Duration {
        let meter = Meter()
        let reader = PartitionReader(
            TestCluster.settings("backlog", cluster, properties), topic: "t", partitions: (0..<Int32(Self.partitions)).map { $0 },
            start: .beginning, logger: TestCluster.logger, onBatch: { meter.took($0.count) }, onEnd: { _, _ in })
        try await reader.start()
        #expect(await meter.count.wait(.seconds(40)) { $0 == Self.partitions * Self.perPartition })
        await reader.stop()
        return meter.longestPause
    }

    /// On a busy machine a thread may be delayed, so the best of three counts.
    private func expectNoPause(_ drain: ([String: String]) async throws -> Duration) async throws {
        var pauses: [Duration] = []
        while pauses.count < 3, pauses.min() ?? .seconds(60) > Self.limit { pauses.append(try await drain([:])) }
        #expect((pauses.min() ?? .zero) < Self.limit, "\(pauses)")
        // With the old bound reading pauses for a second each time it is reached, which this check would detect.
        let held = try await drain(["queued.min.messages": "1000"])
        #expect(held > Self.limit, "\(held)")
    }

    private static let limit = Duration.milliseconds(500)

    @Test func aGroupDrainsABacklogWithoutAPause() async throws {
        let cluster = try EmbeddedCluster(logger: TestCluster.logger)
        try await fill(cluster)
        try await expectNoPause { try await drainedByAGroup(cluster, $0) }
        cluster.close()
    }

    @Test func aReaderDrainsABacklogWithoutAPause() async throws {
        let cluster = try EmbeddedCluster(logger: TestCluster.logger)
        try await fill(cluster)
        try await expectNoPause { try await drainedByAReader(cluster, $0) }
        cluster.close()
    }
}
