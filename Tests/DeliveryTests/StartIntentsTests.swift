import Kafka
import NIOCore
import OCPI
import Support
import Testing

@testable import Delivery

/// How far a partition's records are begun, on a clock of the test.
@Suite struct StartIntentsTests {
    private typealias Made = StartIntents<TestRequest>

    private let partition = TopicPartition(topic: "ocn.requests", partition: 0)
    private let recipient: PartyID

    init() throws { recipient = try #require(PartyID("DE-CPO")) }

    /// Assigned at offset 100.
    private func intents(_ metadata: String? = "b2;100;1", _ change: (inout Made.Limits) -> Void = { _ in }) -> Made {
        var limits = Made.Limits(lease: .seconds(3))
        change(&limits)
        var intents = Made(limits)
        #expect(commits(intents.assign([partition: redelivery(100, metadata)], epoch: 1)) == 1)
        return intents
    }

    private func redelivery(_ offset: Int64, _ metadata: String?) -> RedeliveryGuard {
        RedeliveryGuard(CommitOffset(topic: partition.topic, partition: 0, offset: offset, metadata: metadata), since: 1000)
    }

    private func request(_ offset: Int64, bytes: Int = 10, sendBy: NIODeadline = .distantFuture, isInDoubt: Bool = false) -> TestRequest {
        TestRequest(recipient: recipient, offset: offset, bytes: bytes, sendBy: sendBy, isInDoubt: isInDoubt)
    }

    private func receive(_ intents: inout Made, _ offsets: Range<Int64>, _ now: NIODeadline = .at(.zero)) -> [Made.Action] {
        intents.receive(offsets.map { request($0) }, now: now)
    }

    private func begun(_ actions: [Made.Action]) -> [Int64] {
        actions.compactMap { if case .begin(let request) = $0 { request.offset } else { nil } }
    }

    private func commits(_ actions: [Made.Action]) -> Int {
        actions.count { if case .commit(partition) = $0 { true } else { false } }
    }

    /// A commit as it is sent.
    private func next(_ intents: inout Made, at offset: Int64 = 100, _ now: NIODeadline = .at(.zero)) -> CommitOffset {
        CommitOffset(
            topic: partition.topic, partition: 0, offset: offset, metadata: intents.next(partition, commitPoint: offset, now: now))
    }

    private func limit(_ commit: CommitOffset) -> Int64? { StartIntent(text: commit.metadata, committed: commit.offset)?.limit }

    @Test func nothingIsBegunBeforeAPromiseIsAcknowledged() {
        var intents = intents()
        let first = next(&intents)
        #expect(limit(first) == 104)
        #expect(begun(receive(&intents, 100..<102)).isEmpty)
        #expect(begun(intents.committed([first], now: .at(.zero))) == [100, 101])
        #expect(begun(receive(&intents, 102..<104)) == [102, 103])
        #expect(begun(receive(&intents, 104..<106)).isEmpty)
    }

    @Test func thePromiseGoesBeyondWhatEarlierOwnersMayHaveBegun() {
        var intents = intents("b2;150;1")
        #expect(limit(next(&intents)) == 154)
        // Nobody knows how far an owner got that promised nothing, until something newer shows it.
        var unsure = self.intents("1")
        let first = next(&unsure)
        #expect(limit(first) == .max)
        _ = unsure.committed([first], now: .at(.zero))
        let isInDoubt = [(100, 1), (101, 1000)].map {
            unsure.isInDoubt(IncomingRecord(topic: partition.topic, partition: 0, offset: $0.0, timestamp: $0.1, value: nil))
        }
        #expect(isInDoubt == [true, false])
        #expect(begun(receive(&unsure, 100..<102)) == [100, 101])
        #expect(limit(next(&unsure)) == 106)
        #expect(begun(receive(&unsure, 102..<106)) == Array(102..<106))
        #expect(begun(receive(&unsure, 106..<107)).isEmpty, "the smaller promise may be what Kafka has")
    }

    @Test func thePromiseIsRenewedBeforeItIsUsedUp() {
        var intents = intents()
        _ = intents.committed([next(&intents)], now: .at(.zero))
        #expect(commits(receive(&intents, 100..<101)) == 0)
        #expect(commits(receive(&intents, 101..<102)) == 1, "half of it is used")
        #expect(commits(receive(&intents, 102..<103)) == 0, "asked for already")
        let second = next(&intents)
        #expect(begun(receive(&intents, 103..<104)) == [103])
        #expect(begun(intents.committed([second], now: .at(.zero))).isEmpty)
        #expect(begun(receive(&intents, 104..<106)) == [104, 105])
    }

    @Test func aBurstWaitsForOneAnswerAndKeepsItsOrder() {
        var intents = intents()
        _ = intents.committed([next(&intents)], now: .at(.zero))
        let actions = receive(&intents, 100..<600)
        #expect(begun(actions) == Array(100..<104))
        #expect(commits(actions) == 1)
        #expect(intents.waiting.requests == 496)
        let second = next(&intents)
        #expect(begun(receive(&intents, 600..<610)).isEmpty)
        #expect(begun(intents.committed([second], now: .at(.zero))) == Array(104..<610))
        #expect(intents.waiting == ExchangeLoad())
    }

    /// Each commit that is asked for is answered after so long, one at a time, and one is due every 100 ms.
    @Test(arguments: [1, 3, 10, 100, 1000, 5000], [2, 20])
    func atASteadyPaceNothingWaits(_ perSecond: Int64, _ roundTrip: Int64) {
        var intents = intents()
        _ = intents.committed([next(&intents)], now: .at(.zero))
        var answers: [(at: Int64, commit: CommitOffset)] = []
        var (offset, isAsked, due, waited, commits) = (Int64(100), false, Int64(0), 0, 0)
        for millisecond in 0..<Int64(5000) {
            let now = NIODeadline.at(.milliseconds(millisecond))
            if let answer = answers.first, answer.at <= millisecond {
                answers = []
                isAsked = self.commits(intents.committed([answer.commit], now: now)) > 0 || isAsked
            }
            let new = (millisecond + 1) * perSecond / 1000 - millisecond * perSecond / 1000
            if new > 0 { isAsked = self.commits(receive(&intents, offset..<offset + new, now)) > 0 || isAsked }
            offset += new
            // The first second shows the pace.
            if millisecond == 1000 { (waited, commits) = (0, 0) }
            waited = max(waited, intents.waiting.requests)
            guard answers.isEmpty, isAsked || millisecond >= due else { continue }
            answers = [(millisecond + roundTrip, next(&intents, at: offset, now))]
            (isAsked, due, commits) = (false, millisecond + 100, commits + 1)
        }
        #expect(waited == 0 && commits <= 60)
        let margin = (limit(next(&intents, at: offset, .at(.milliseconds(5000)))) ?? .max) - offset
        #expect(margin <= max(4, perSecond / 4), "two and a half tenths of a second")
    }

    @Test func theMarginIsSmallAgainAfterABurst() {
        var intents = intents()
        _ = intents.committed([next(&intents)], now: .at(.zero))
        _ = receive(&intents, 100..<600)
        let margins = [0, 300, 600, 900, 3000].map { milliseconds in
            (limit(next(&intents, at: 600, .at(.milliseconds(milliseconds)))) ?? .max) - 600
        }
        #expect(margins == [100, 70, 48, 34, 4])
    }

    @Test func aPromiseIsGoodForItsLeaseOnly() {
        var intents = intents()
        let first = next(&intents, .at(.zero))
        // The lease counts from when it was made, not from when the answer came.
        _ = intents.committed([first], now: .at(.seconds(2)))
        #expect(begun(receive(&intents, 100..<101, .at(.milliseconds(2999)))) == [100])
        let late = receive(&intents, 101..<102, .at(.milliseconds(3000)))
        #expect(begun(late).isEmpty && commits(late) == 1)
        let second = next(&intents, .at(.milliseconds(3001)))
        #expect(begun(intents.committed([second], now: .at(.milliseconds(3002)))) == [101])
    }

    @Test func anAnswerThatGotLostIsNoAnswer() {
        var intents = intents()
        _ = next(&intents)
        let second = next(&intents)
        // Of another assignment, or nonsense.
        let foreign = CommitOffset(topic: partition.topic, partition: 0, offset: 100, metadata: "b2;500;999")
        #expect(begun(receive(&intents, 100..<101)).isEmpty)
        #expect(begun(intents.committed([foreign], now: .at(.zero))).isEmpty)
        #expect(begun(intents.committed([second], now: .at(.zero))) == [100])
    }

    @Test func whoseTimeIsOverIsToldInTime() {
        var intents = intents()
        let actions = intents.receive([request(100, sendBy: .at(.seconds(1))), request(101)], now: .at(.zero))
        #expect(actions.contains { if case .alarm(.at(.seconds(1))) = $0 { true } else { false } })
        let over = intents.wake(now: .at(.seconds(1)))
        #expect(over.contains { if case .expire(let request) = $0 { request.offset == 100 } else { false } })
        #expect(begun(intents.committed([next(&intents)], now: .at(.seconds(1)))) == [101])
    }

    @Test func readingRestsWhileMuchWaits() {
        var intents = intents { $0.waiting = ExchangeLoad(requests: 10, bytes: 1_000_000) }
        func pauses(_ actions: [Made.Action]) -> Int { actions.count { if case .pause(partition) = $0 { true } else { false } } }
        func resumes(_ actions: [Made.Action]) -> Int { actions.count { if case .resume(partition) = $0 { true } else { false } } }
        #expect(pauses(receive(&intents, 100..<109)) == 0)
        #expect(pauses(receive(&intents, 109..<110)) == 1)
        #expect(pauses(receive(&intents, 110..<111)) == 0)
        #expect(resumes(intents.committed([next(&intents)], now: .at(.zero))) == 1)
    }

    // MARK: Giving up

    @Test func theLastPromiseSaysExactlyWhatWasBegun() throws {
        var intents = intents("b2;103;1")
        _ = intents.committed([next(&intents)], now: .at(.zero))
        let doubtful = request(101, isInDoubt: true)
        // Up to 107 it may go.
        _ = intents.receive([request(100), doubtful, request(102)] + (103..<106).map { request($0) }, now: .at(.zero))
        _ = receive(&intents, 106..<116)
        // Three of them wait for their recipients, one of which an earlier owner may have sent.
        let actions = intents.revoke([partition], waiting: [request(103), request(105), doubtful])
        #expect(actions.count { if case .abandon = $0 { true } else { false } } == 9, "of these not even a promise was made")
        #expect(commits(actions) == 1)
        let last = next(&intents, at: 101)
        let intent = try #require(StartIntent(text: last.metadata, committed: 101))
        #expect(intent.limit == 107 && intent.unbegun.runs == [103...103, 105...105])
        #expect(begun(intents.committed([last], now: .at(.zero))).isEmpty)
        #expect(begun(receive(&intents, 116..<117)).isEmpty)
    }

    /// Records that cannot be read are finished without coming here.
    @Test func theLastPromiseIsNeverBehindTheCommit() {
        var intents = intents()
        _ = intents.revoke([partition], waiting: [])
        #expect(limit(next(&intents, at: 105)) == 105)
    }

    @Test func whatAPredecessorLeftUnbegunIsPassedOnAsFarAsItIsNotReached() throws {
        let text = StartIntent(limit: 110, number: 1, unbegun: FinishedAhead(base: 100, runs: [101...104, 107...107])).text
        var intents = intents(text)
        _ = intents.committed([next(&intents)], now: .at(.zero))
        _ = receive(&intents, 100..<103)
        _ = intents.revoke([partition], waiting: [request(102)])
        let last = next(&intents, at: 100)
        let intent = try #require(StartIntent(text: last.metadata, committed: 100))
        #expect(intent.limit == 110 && intent.unbegun.runs == [102...104, 107...107])
    }
}
