import Kafka
import NIOCore
import Support
import Testing

@testable import Matcher

/// How much MATCHER holds of what it has not matched, and when it reads.
@Suite struct MatcherQueueTests {
    private let partitions = (0..<3).map { TopicPartition(topic: "t", partition: $0) }
    /// Ten small records; five; four.
    private let limits = MatcherQueue.Limits(pause: 10 * 1025, resume: 5 * 1025, match: 4 * 1025)

    private func records(_ offsets: Range<Int64>, partition: Int32 = 0, bytes: Int = 1) -> [IncomingRecord] {
        offsets.map { IncomingRecord(topic: "t", partition: partition, offset: $0, value: ByteBuffer(repeating: 0x2E, count: bytes)) }
    }

    /// One round of the matching thread.
    private func match(_ queue: inout MatcherQueue) -> (matched: [Int64], resumed: [TopicPartition]) {
        guard queue.mark() else { return ([], []) }
        let batch = queue.takeMarked()
        return (batch.map(\.offset), queue.release(batch))
    }

    @Test func readingPausesAtTheLimitAndGoesOnAtHalfOfIt() {
        var queue = MatcherQueue(limits)
        var paused = queue.assign(partitions)
        #expect(paused.isEmpty)
        var mustStart: Bool
        (mustStart, paused) = queue.add(records(0..<9))
        #expect(mustStart && paused.isEmpty && !queue.isPaused)
        (mustStart, paused) = queue.add(records(9..<10))
        #expect(!mustStart, "a thread matches already")
        #expect(paused == partitions && queue.isPaused)
        (mustStart, paused) = queue.add(records(10..<12))
        #expect(paused.isEmpty, "once; what was under way still comes")
        #expect(queue.count == 12 && queue.bytes == 12 * 1025)

        var round = match(&queue)
        #expect(round.matched == [0, 1, 2, 3] && round.resumed.isEmpty && queue.isPaused, "eight are left")
        round = match(&queue)
        #expect(round.matched == [4, 5, 6, 7] && round.resumed == partitions && !queue.isPaused)
        round = match(&queue)
        #expect(round.matched == [8, 9, 10, 11] && round.resumed.isEmpty && queue.bytes == 0)
        round = match(&queue)
        #expect(round.matched.isEmpty)
        (mustStart, _) = queue.add(records(12..<13))
        #expect(mustStart, "no thread matches any more")
    }

    @Test func whatIsBeingJudgedCounts() {
        var queue = MatcherQueue(limits)
        _ = queue.assign(partitions)
        _ = queue.add(records(0..<4))
        _ = queue.mark()
        let batch = queue.takeMarked()
        #expect(batch.count == 4 && queue.count == 0 && queue.bytes == 4 * 1025)
        let (_, paused) = queue.add(records(4..<10))
        #expect(paused == partitions)
        _ = queue.release(batch)
        #expect(queue.bytes == 6 * 1025)
    }

    @Test func whatComesAfterTheQuestionWaitsForTheNextOne() {
        var queue = MatcherQueue(limits)
        _ = queue.assign(partitions)
        _ = queue.add(records(0..<2))
        _ = queue.mark()
        _ = queue.add(records(2..<4))
        let first = queue.takeMarked()
        #expect(first.map(\.offset) == [0, 1])
        let second = match(&queue)
        #expect(second.matched == [2, 3])
    }

    @Test func aRecordAboveTheLimitsIsJudgedByItself() {
        var queue = MatcherQueue(limits)
        _ = queue.assign(partitions)
        let (_, paused) = queue.add(records(0..<1, bytes: 1 << 20) + records(1..<3))
        #expect(paused == partitions)
        let round = match(&queue)
        #expect(round.matched == [0] && round.resumed == partitions)
    }

    @Test func whatWaitsOfARevokedPartitionIsGivenUpAndMakesRoom() {
        var queue = MatcherQueue(limits)
        _ = queue.assign(partitions)
        _ = queue.add(records(0..<2, partition: 0) + records(0..<6, partition: 1))
        // Two of partition 0 and two of partition 1; the question is under way.
        _ = queue.mark()
        let (_, paused) = queue.add(records(6..<10, partition: 1))
        #expect(paused == partitions)
        let (abandoned, resumed) = queue.revoke([partitions[1]])
        #expect(abandoned.map(\.offset) == Array(0..<10) && abandoned.allSatisfy { $0.partition == 1 })
        #expect(resumed == [partitions[0], partitions[2]])
        let batch = queue.takeMarked()
        #expect(batch.map(\.partition) == [0, 0] && queue.count == 0)
    }

    @Test func aPartitionThatComesWhileReadingPausesIsPausedToo() {
        var queue = MatcherQueue(limits)
        _ = queue.assign([partitions[0]])
        _ = queue.add(records(0..<10))
        let paused = queue.assign([partitions[1]])
        #expect(paused == [partitions[1]])
        _ = queue.mark()
        let batch = queue.takeAll()
        #expect(batch.count == 10 && queue.count == 0, "given up as a whole")
        let resumed = queue.release(batch)
        #expect(resumed == [partitions[0], partitions[1]])
    }

    /// Whatever happens in whichever order: no record is lost or given twice, and no more is held than the limit and one batch.
    @Test func everyRecordLeavesOnceAndTheBoundHolds() {
        let seed = UInt64.random(in: .min ... .max)
        var numbers = SeededGenerator(seed: seed)
        for _ in 0..<200 { play(&numbers, seed) }
    }

    private func play(_ numbers: inout SeededGenerator, _ seed: UInt64) {
        var queue = MatcherQueue(limits)
        var owned: Set<TopicPartition> = []
        var paused: Set<TopicPartition> = []
        var next: [TopicPartition: Int64] = [:]
        var came = 0
        var left: [IncomingRecord] = []
        var matched: [IncomingRecord]?
        for _ in 0..<100 {
            let partition = numbers.pick(partitions)
            switch numbers.pick([0, 1, 1, 1, 2, 3, 3]) {
            case 0 where !owned.contains(partition):
                owned.insert(partition)
                paused.remove(partition)
                paused.formUnion(queue.assign([partition]))
            case 0:
                owned.remove(partition)
                let (abandoned, resumed) = queue.revoke([partition])
                left += abandoned
                paused.subtract(resumed)
            case 1 where owned.contains(partition) && !paused.contains(partition):
                let first = next[partition, default: 0]
                let batch = records(first..<first + numbers.pick([1, 3, 6]), partition: partition.partition)
                next[partition] = first + Int64(batch.count)
                came += batch.count
                paused.formUnion(queue.add(batch).paused)
                #expect(queue.bytes <= limits.pause + 6 * 1025, "seed \(seed)")
            case 2:
                if matched == nil { _ = queue.mark() }
            default:
                if let batch = matched {
                    paused.subtract(queue.release(batch))
                    left += batch
                    matched = nil
                } else {
                    matched = queue.takeMarked()
                }
            }
            #expect(queue.isPaused == !paused.isDisjoint(with: owned) || owned.isEmpty, "seed \(seed)")
            #expect(!queue.isPaused || paused.isSuperset(of: owned), "seed \(seed)")
        }
        if let batch = matched {
            _ = queue.release(batch)
            left += batch
        }
        let rest = queue.takeAll()
        _ = queue.release(rest)
        left += rest
        #expect(left.count == came && Set(left.map { "\($0.partition)@\($0.offset)" }).count == came, "seed \(seed)")
        #expect(queue.bytes == 0 && !queue.isPaused, "seed \(seed)")
    }
}
