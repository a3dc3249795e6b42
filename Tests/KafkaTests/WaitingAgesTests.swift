import Testing

@testable import Kafka

@Suite struct WaitingAgesTests {
    private let partition = TopicPartition(topic: "t", partition: 0)

    @Test func theMarkOfTheFirstUnfinishedRecordCounts() {
        var marks = WaitingMarks()
        #expect(marks.since(0) == nil)
        for (offset, since): (Int64, Int64) in [(10, 1000), (11, 1900), (12, 2000), (20, 9000), (21, 3000)] {
            marks.begin(offset, since: since)
        }
        #expect(marks.since(10) == 1000)
        #expect(marks.since(11) == 1000, "to the second")
        #expect(marks.since(12) == 2000)
        #expect(marks.since(19) == 2000)
        #expect(marks.since(20) == 9000)
        #expect(marks.since(30) == 3000, "one that is older than those before it, as when it was put back")
    }

    @Test func aRecordWaitsFromItsWritingUntilItIsFinished() {
        var progress = GroupProgress()
        let epoch = progress.assign([.init(CommitOffset(topic: "t", partition: 0, offset: 5))])
        func record(_ offset: Int64, _ timestamp: Int64) -> IncomingRecord {
            IncomingRecord(topic: "t", partition: 0, offset: offset, timestamp: timestamp, value: nil, epoch: epoch)
        }
        let start: Int64 = 1_700_000_000_000
        var ages = WaitingAges()
        func age(_ now: Int64, backlog: Int64 = 0) -> Int64? {
            ages.ages(progress.waiting([partition: backlog]), now: now)["t"]
        }
        #expect(age(start) == 0)
        _ = progress.begin([record(5, start - 60_000), record(6, start + 9_000_000)], at: start)
        #expect(age(start) == 60_000)
        #expect(age(start + 5000) == 65_000)
        _ = progress.finish(partition, 5, epoch: epoch)
        #expect(age(start + 5000) == 5000, "one from the future waits since it was read")
        _ = progress.finish(partition, 6, epoch: epoch)
        #expect(age(start + 6000) == 0)
        // Without a time of its own as well.
        _ = progress.begin([record(7, -1)], at: start + 7000)
        #expect(age(start + 8000) == 1000)
    }

    @Test func whatIsNotReadWaitsSinceReadingCameToRest() {
        var ages = WaitingAges()
        func age(_ position: Int64, _ backlog: Int64, _ now: Int64) -> Int64? {
            ages.ages([partition: .init(position: position, since: nil, backlog: backlog)], now: now)["t"]
        }
        #expect(age(5, 0, 1000) == 0)
        #expect(age(5, 3, 6000) == 5000)
        #expect(age(5, 4, 11_000) == 10_000)
        #expect(age(7, 2, 16_000) == 0, "it gets on")
        #expect(age(7, 2, 21_000) == 5000)
        #expect(ages.ages([:], now: 30_000).isEmpty)
        #expect(age(7, 2, 31_000) == 0, "a new assignment begins anew")
    }

    @Test func theOldestOfAllPartitionsOfATopicCounts() {
        var ages = WaitingAges()
        let readings = (0..<3).reduce(into: [TopicPartition: WaitingAges.Reading]()) { readings, number in
            let place = TopicPartition(topic: number == 2 ? "u" : "t", partition: Int32(number))
            readings[place] = .init(position: 1, since: [7000, 4000, nil][number], backlog: 0)
        }
        #expect(ages.ages(readings, now: 10_000) == ["t": 6000, "u": 0])
    }
}
