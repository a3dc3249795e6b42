import Kafka
import NIOCore
import OCPI
import Testing
import Topics
import Wire

@testable import Delivery

@Suite struct InFlightTests {
    private func parties() throws -> (PartyID, PartyID) { (try #require(PartyID("DE-CPO")), try #require(PartyID("NL-CPO"))) }

    /// Which of these entries fit, one after the other.
    private func entered(_ inFlight: inout InFlight, _ entries: [(PartyID, Int)]) -> [Bool] {
        entries.map { inFlight.enter($0.0, bytes: $0.1, now: .uptimeNanoseconds(1)) }
    }

    private func leave(_ inFlight: inout InFlight, _ party: PartyID, _ bytes: Int) {
        #expect(inFlight.leave(party, bytes: bytes, nil, .unused, now: .uptimeNanoseconds(1), jitter: 0) == nil)
    }

    @Test func aFullRecipientIsRefusedAndOthersAreNot() throws {
        let (one, two) = try parties()
        var inFlight = InFlight(perRecipient: .init(calls: 2, bytes: 100), inTotal: .init(calls: 10, bytes: 1000))
        #expect(entered(&inFlight, [(one, 10), (one, 10), (one, 10), (two, 10)]) == [true, true, false, true])
        leave(&inFlight, one, 10)
        #expect(entered(&inFlight, [(one, 10)]) == [true])
    }

    @Test func bytesCountToo() throws {
        let (one, two) = try parties()
        var inFlight = InFlight(perRecipient: .init(calls: 10, bytes: 100), inTotal: .init(calls: 10, bytes: 150))
        #expect(entered(&inFlight, [(one, 100), (one, 1), (two, 51), (two, 50)]) == [true, false, false, true])
        leave(&inFlight, one, 100)
        leave(&inFlight, two, 50)
        #expect(inFlight.total == InFlight.Load())
    }

    @Test func partiesCompareWithoutCase() throws {
        var inFlight = InFlight(perRecipient: .init(calls: 1, bytes: 100), inTotal: .init(calls: 10, bytes: 100))
        let (one, _) = try parties()
        let other = try #require(PartyID("de-cpo"))
        #expect(entered(&inFlight, [(one, 1), (other, 1)]) == [true, false])
    }
}

@Suite struct TakeoverTests {
    private let partition = TopicPartition(topic: "ocn.requests", partition: 0)

    private func record(_ time: Int64, _ method: OCPI.Method, key: String? = nil) -> (record: IncomingRecord, method: OCPI.Method) {
        (IncomingRecord(topic: partition.topic, partition: 0, offset: time, timestamp: time, key: key, value: nil), method)
    }

    @Test func whatWasWrittenBeforeTheAssignmentIsRepeatedOnlyIfThatIsHarmless() {
        var takeover = Takeover()
        takeover.assigned([partition], now: 1000)
        #expect(
            takeover.maySend([
                record(1, .get), record(2, .post, key: "a"), record(3, .patch, key: "b"), record(4, .put, key: "c"),
                record(5, .put, key: "d"), record(6, .delete, key: "d"), record(7, .put, key: "e"), record(1001, .patch, key: "e"),
                record(1002, .post, key: "f"), record(1000, .post, key: "g"),
            ]) == [true, false, false, true, false, true, false, true, true, true])
    }

    @Test func whereNobodyWasBeforeNothingIsInDoubt() {
        var takeover = Takeover()
        takeover.resuming([CommitOffset(topic: partition.topic, partition: 0, offset: -1)])
        takeover.assigned([partition], now: 1000)
        #expect(takeover.maySend([record(1, .post, key: "a")]) == [true])
        takeover.revoked([partition])
        takeover.resuming([CommitOffset(topic: partition.topic, partition: 0, offset: 5)])
        takeover.assigned([partition], now: 1000)
        #expect(takeover.maySend([record(1, .post, key: "a")]) == [false])
    }
}

@Suite struct ExchangeTimesTests {
    private func exchange(_ deadline: Int64?) throws -> Exchange {
        var record = try request(.tokens, .receiver, .get)
        let wall = Timestamp(milliseconds: 1_000_000)
        record.time = wall
        record.deadline = deadline.map(Timestamp.init(milliseconds:))
        let key = try #require(Fixture.key)
        return Exchange(
            record, at: IncomingRecord(topic: "t", partition: 0, offset: 0, value: nil),
            settings: ExchangeSettings(publicURL: "https://hub", nodeKey: key), wall: wall, now: .uptimeNanoseconds(1),
            on: Fixture.eventLoop)
    }

    @Test func theRecipientsDeadlineIsShorterThanTheCallers() throws {
        let exchange = try exchange(1_010_000)
        #expect(exchange.answerBy == .uptimeNanoseconds(10_000_000_001))
        #expect(exchange.sendBy == .uptimeNanoseconds(9_500_000_001))
        #expect(exchange.fairUntil == .uptimeNanoseconds(7_000_000_001))
    }

    @Test(arguments: [0, 999_999, 1_000_000, 1_000_400, Int64.min])
    func noTimeIsNoTime(_ deadline: Int64) throws {
        #expect(try exchange(deadline).sendBy == .uptimeNanoseconds(1))
    }

    @Test func strangeDeadlinesAreBounded() throws {
        #expect(try exchange(.max).answerBy == .uptimeNanoseconds(1) + .hours(24))
        #expect(try exchange(nil).answerBy == .uptimeNanoseconds(1) + .seconds(30))
    }
}
