import Testing

@testable import Kafka

@Suite struct OutOfRangePartitionsTests {
    private let partition = TopicPartition(topic: "t", partition: 0)
    private let start = ContinuousClock.now

    private func recovery(_ position: Int64, in log: Range<Int64>, committed: Int64? = nil) -> LogBounds.RecoveryAction {
        let commit = committed.map { CommitOffset(topic: "t", partition: 0, offset: $0, metadata: "m") }
        return LogBounds(log: log, committed: commit).recovery(from: position)
    }

    @Test("Scenario 8: reading goes on at the oldest record and never at the newest")
    func readingGoesOnAtTheOldestRecord() {
        #expect(recovery(5, in: 100..<200) == .skip(5..<100))
        #expect(recovery(5, in: 100..<100) == .skip(5..<100))
        // Created again, or truncated: the offsets may hold other records than before.
        #expect(recovery(500, in: 0..<20) == .beginAgain(at: 0, gone: 20..<500))
        #expect(recovery(500, in: 0..<0) == .beginAgain(at: 0, gone: 0..<500))
    }

    @Test func whatIsInTheLogAfterAllIsReadOn() {
        for position: Int64 in [100, 150, 200] { #expect(recovery(position, in: 100..<200) == .goOn(at: position)) }
        #expect(recovery(-1, in: 100..<200) == .goOn(at: 100))
    }

    /// Kafka could not be asked when the partition was assigned.
    @Test func anUnknownPositionIsWhatTheGroupHasCommitted() {
        let commit = CommitOffset(topic: "t", partition: 0, offset: 150, metadata: "m")
        #expect(recovery(.min, in: 100..<200, committed: 150) == .resume(commit))
        #expect(recovery(.min, in: 100..<200, committed: 5) == .skip(5..<100))
        #expect(recovery(.min, in: 100..<200, committed: 201) == .beginAgain(at: 100, gone: 200..<201))
        #expect(recovery(.min, in: 100..<200, committed: -1) == .goOn(at: 100))
    }

    @Test func kafkaIsAskedAtOnceAndThenOnceASecond() {
        var outOfRange = OutOfRangePartitions()
        outOfRange.add(partition, epoch: 1, at: start)
        outOfRange.add(partition, epoch: 1, at: start)
        #expect(outOfRange.due(at: start) == [partition: 1])
        #expect(outOfRange.due(at: start + .seconds(5)).isEmpty, "asked")
        // No answer; a new epoch that leads to the same place.
        for (epoch, second) in [(UInt64(1), 5), (2, 6)] {
            outOfRange.add(partition, epoch: epoch, at: start + .seconds(second))
            #expect(outOfRange.due(at: start + .seconds(second)) == [partition: epoch])
            outOfRange.add(partition, epoch: epoch + 1, at: start + .seconds(second))
            #expect(outOfRange.due(at: start + .milliseconds(second * 1000 + 900)).isEmpty)
        }
        #expect(outOfRange.due(at: start + .seconds(7)) == [partition: 3])
    }
}
