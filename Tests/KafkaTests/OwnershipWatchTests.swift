import Testing

@testable import Kafka

@Suite struct OwnershipWatchTests {
    private let start = ContinuousClock.now

    private func places(_ partitions: Int32...) -> Set<TopicPartition> {
        Set(partitions.map { TopicPartition(topic: "t", partition: $0) })
    }

    @Test func looksAreSoonAfterAnAssignmentAndThenRare() {
        var watch = OwnershipMonitor(every: .seconds(10))
        func looks(_ seconds: ClosedRange<Int>) -> [Int] {
            seconds.filter { second in
                guard watch.begin(at: start + .seconds(second)) else { return false }
                let isDueAgain = watch.begin(at: start + .seconds(second))
                #expect(!isDueAgain, "somebody is looking")
                _ = watch.found([], at: start + .seconds(second))
                return true
            }
        }
        #expect(looks(0...9).isEmpty, "nothing is shared out yet")
        watch.assigned(at: start + .seconds(10))
        #expect(looks(10...50) == [11, 13, 17, 25, 35, 45])
        watch.assigned(at: start + .seconds(50))
        #expect(looks(50...54) == [51, 53])
    }

    @Test func onlyWhatHasNoOwnerTwiceInARowIsTold() {
        var watch = OwnershipMonitor(every: .seconds(10))
        func found(_ unowned: Set<TopicPartition>) -> [Int32] { watch.found(unowned, at: start).map(\.partition) }
        #expect(found(places(1, 2)).isEmpty)
        #expect(found(places(3)).isEmpty, "others than before")
        #expect(found([]).isEmpty, "the group has settled it, or is settling")
        #expect(found(places(1, 2)).isEmpty)
        #expect(found(places(2, 1, 4)) == [1, 2])
        #expect(found(places(1, 2)).isEmpty, "the count begins anew: sharing out takes a while")
        watch.assigned(at: start)
        #expect(found(places(1, 2)).isEmpty, "and with each assignment")
        #expect(found(places(1, 2)) == [1, 2])
    }
}
