import Testing

@testable import Kafka

@Suite struct OwnershipWatchTests {
    private func places(_ partitions: Int32...) -> Set<TopicPartition> {
        Set(partitions.map { TopicPartition(topic: "t", partition: $0) })
    }

    @Test func itIsTimeOnceInAnInterval() {
        var watch = OwnershipWatch(every: .seconds(10))
        let start = ContinuousClock.now
        let looks = [0, 5, 10, 15, 19, 20, 40, 41].filter { watch.isDue(at: start + .seconds($0)) }
        #expect(looks == [10, 20, 40], "not at the start: a group needs time to settle")
    }

    @Test func onlyWhatHasNoOwnerTwiceInARowIsTold() {
        var watch = OwnershipWatch(every: .seconds(10))
        #expect(watch.found(places(1, 2)).isEmpty)
        #expect(watch.found(places(3)).isEmpty, "others than before")
        #expect(watch.found([]).isEmpty, "the group has settled it, or is settling")
        #expect(watch.found(places(1, 2)).isEmpty)
        #expect(watch.found(places(2, 1, 4)).map(\.partition) == [1, 2])
        #expect(watch.found(places(1, 2)).isEmpty, "the count begins anew: sharing out takes a while")
        #expect(watch.found(places(1, 2)).map(\.partition) == [1, 2])
    }
}
