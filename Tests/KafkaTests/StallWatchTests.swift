import Testing

@testable import Kafka

@Suite struct StallWatchTests {
    private let one = TopicPartition(topic: "t", partition: 0)
    private let two = TopicPartition(topic: "t", partition: 1)
    private let start = ContinuousClock.now

    private func after(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

    private func reading(_ position: Int64, commit: Int64 = 0, epoch: UInt64 = 1, isPaused: Bool = false) -> StallDetector.Reading {
        StallDetector.Reading(epoch: epoch, position: position, commitPoint: commit, isPaused: isPaused)
    }

    @Test("Scenario 23: a partition that stands still before its end is told, and only that one")
    func standingStillBeforeTheEndIsToldOnceItHasLasted() {
        var watch = StallDetector(after: .seconds(60))
        for second in stride(from: 0, to: 60, by: 5) {
            let readings = [one: reading(3), two: reading(Int64(second))]
            #expect(watch.stalls(readings, ends: [one: 10, two: 1000], roundAt: after(second), at: after(second)).isEmpty)
        }
        let stalls = watch.stalls(
            [one: reading(3), two: reading(70)], ends: [one: 10, two: 1000], roundAt: after(60), at: after(60))
        #expect(stalls == [Stall(partition: one, since: start, lag: 7, cause: .notRead)])
        // One record is enough.
        #expect(watch.stalls([one: reading(4), two: reading(71)], ends: [one: 10], roundAt: after(65), at: after(65)).isEmpty)
    }

    @Test("Scenario 23: a partition whose end nobody tells counts as one that has more")
    func anUnknownEndIsOneThatMayLieFurther() {
        var watch = StallDetector(after: .seconds(60))
        _ = watch.stalls([one: reading(3)], ends: [:], roundAt: after(0), at: after(0))
        #expect(
            watch.stalls([one: reading(3)], ends: [:], roundAt: after(61), at: after(61))
                == [Stall(partition: one, since: start, lag: nil, cause: .notRead)])
    }

    @Test func restIsNoStall() {
        var watch = StallDetector(after: .seconds(60))
        for second in stride(from: 0, through: 300, by: 30) {
            // At the end; paused by its handler.
            let readings = [one: reading(10), two: reading(3, isPaused: true)]
            #expect(watch.stalls(readings, ends: [one: 10, two: 10], roundAt: after(second), at: after(second)).isEmpty)
        }
        // The time counts from the first waiting record.
        let hungry = [one: reading(10), two: reading(3)]
        let ends: [TopicPartition: Int64] = [one: 11, two: 10]
        #expect(watch.stalls(hungry, ends: ends, roundAt: after(310), at: after(310)).isEmpty)
        #expect(watch.stalls(hungry, ends: ends, roundAt: after(355), at: after(355)).isEmpty)
        #expect(watch.stalls(hungry, ends: ends, roundAt: after(370), at: after(370)).count == 2)
    }

    @Test func movingInAnyWayIsGettingOn() {
        var watch = StallDetector(after: .seconds(60))
        let steps = [reading(3), reading(4), reading(4, commit: 1), reading(4, commit: 1, epoch: 2)]
        for (index, step) in steps.enumerated() {
            #expect(watch.stalls([one: step], ends: [one: 9], roundAt: after(index * 50), at: after(index * 50)).isEmpty)
        }
        // Assigned to another member for a while: the time before does not count.
        #expect(watch.stalls([:], ends: [:], roundAt: after(200), at: after(200)).isEmpty)
        #expect(watch.stalls([one: steps[3]], ends: [one: 9], roundAt: after(215), at: after(215)).isEmpty)
    }

    @Test func aThreadThatDoesNotComeRoundStallsEverything() {
        var watch = StallDetector(after: .seconds(60))
        let readings = [one: reading(10), two: reading(3, isPaused: true)]
        let ends: [TopicPartition: Int64] = [one: 10, two: 10]
        #expect(watch.stalls(readings, ends: ends, roundAt: after(0), at: after(59)).isEmpty)
        let stalls = watch.stalls(readings, ends: ends, roundAt: after(0), at: after(60))
        #expect(stalls.map(\.partition) == [one, two] && stalls.allSatisfy { $0.cause == .threadHeld && $0.since == start })
        #expect(watch.stalls(readings, ends: ends, roundAt: after(61), at: after(61)).isEmpty)
    }
}
