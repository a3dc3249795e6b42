import Kafka
import OCPI
import Testing

@testable import Delivery

@Suite struct StartIntentTests {
    private func intent(_ limit: Int64, unbegun runs: [ClosedRange<Int64>] = []) -> StartIntent {
        StartIntent(limit: limit, number: 7, unbegun: FinishedAhead(base: 10, runs: runs))
    }

    @Test(arguments: [[], [10...10], [10...12, 17...40]] as [[ClosedRange<Int64>]])
    func itsTextSaysAllOfIt(_ unbegun: [ClosedRange<Int64>]) {
        for limit: Int64 in [0, 10, 50, .max] {
            let intent = intent(limit, unbegun: unbegun)
            #expect(StartIntent(text: intent.text, committed: 10) == intent)
        }
        #expect(intent(50).text == "b2;50;7")
    }

    @Test(arguments: [nil, "", "1", "b2", "b2;", "b2;5", "b2;-5;1", "b2;5;x", "b1;5;1", "b2;5;1;;", "b3;5;1"])
    func anotherTextPromisesNothing(_ text: String?) {
        #expect(StartIntent(text: text, committed: 10) == nil)
    }

    @Test(arguments: ["b2;50;7;", "b2;50;7;rubbish"])
    func whatCannotBeReadOfTheUnbegunOnesIsLeftOut(_ text: String) {
        #expect(StartIntent(text: text, committed: 10) == intent(50))
    }

    @Test func unbegunOnesOfAnotherCommitAreLeftOut() {
        let text = intent(50, unbegun: [12...13]).text
        #expect(StartIntent(text: text, committed: 11)?.unbegun.isEmpty == true)
    }

    @Test func itFitsIntoACommitHoweverManyAreUnbegun() {
        // Gaps that do not compress well.
        var runs: [ClosedRange<Int64>] = []
        var offset: Int64 = 10
        var state: UInt64 = 1
        for _ in 0..<20_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            offset += 2 + Int64(state >> 60)
            runs.append(offset...offset)
        }
        let text = intent(.max - 1, unbegun: runs).text
        #expect(text.utf8.count <= FinishedAhead.maxTextLength)
        #expect(StartIntent(text: text, committed: 10) == intent(.max - 1))
    }
}

@Suite struct RedeliveryGuardTests {
    private let partition = TopicPartition(topic: "ocn.requests", partition: 0)

    private func redelivery(_ offset: Int64, _ metadata: String?) -> RedeliveryGuard {
        RedeliveryGuard(CommitOffset(topic: partition.topic, partition: 0, offset: offset, metadata: metadata), since: 1000)
    }

    private func record(_ offset: Int64, at time: Int64) -> IncomingRecord {
        IncomingRecord(topic: partition.topic, partition: 0, offset: offset, timestamp: time, key: nil, value: nil)
    }

    /// The records written before the redelivery whose outcome is unknown.
    private func inDoubt(_ redelivery: RedeliveryGuard, _ offsets: Range<Int64> = 0..<12) -> [Int64] {
        var redelivery = redelivery
        return offsets.filter { redelivery.isInDoubt(record($0, at: 1)) }
    }

    @Test func whatLiesBeyondThePromiseWasNeverBegun() {
        #expect(inDoubt(redelivery(3, "b2;7;1"), 3..<12) == [3, 4, 5, 6])
    }

    @Test func whatAnOwnerLeftUnbegunIsNotInDoubt() {
        let text = StartIntent(limit: 7, number: 1, unbegun: FinishedAhead(base: 3, runs: [4...5])).text
        #expect(inDoubt(redelivery(3, text), 3..<12) == [3, 6])
    }

    @Test(arguments: [nil, "1", "b1;7;1"])
    func anOwnerThatPromisedNothingMayHaveBegunAllThatWasThere(_ metadata: String?) {
        #expect(inDoubt(redelivery(3, metadata), 3..<12) == Array(3..<12))
    }

    @Test func whereNobodyWasBeforeNothingIsInDoubt() {
        #expect(inDoubt(redelivery(-1, nil)).isEmpty)
    }

    @Test func whatKafkaCouldNotBeAskedAboutIsAllInDoubt() {
        #expect(inDoubt(RedeliveryGuard(nil, since: 1000)).count == 12)
    }

    @Test func whatCameAfterThePartitionHadChangedHandsIsNotInDoubt() {
        var known = redelivery(3, "b2;7;1")
        let inTime = [(3, 999), (4, 1000), (5, 999), (6, -1)].map { known.isInDoubt(record($0.0, at: $0.1)) }
        #expect(inTime == [true, false, true, true] && known.limit == 7)
        // It shows where an owner without start intents must have ended, whatever other clocks say about later records.
        var unknown = redelivery(3, "1")
        let after = [(3, 999), (4, 1000), (5, 999)].map { unknown.isInDoubt(record($0.0, at: $0.1)) }
        #expect(after == [true, false, false] && unknown.limit == 4)
    }

    @Test func whatIsInDoubtIsRepeatedOnlyIfThatIsHarmless() {
        let batch: [(key: String?, method: OCPI.Method, isInDoubt: Bool)] = [
            (nil, .get, true), ("a", .post, true), ("b", .patch, true), ("c", .put, true), ("d", .put, true), ("d", .delete, true),
            ("e", .put, true), ("e", .patch, false), ("f", .post, false), (nil, .put, true),
        ]
        #expect(RedeliveryGuard.maySend(batch) == [true, false, false, true, false, true, false, true, true, false])
    }
}
