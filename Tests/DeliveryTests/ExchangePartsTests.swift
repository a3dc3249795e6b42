import Encoding
import Kafka
import NIOCore
import OCPI
import Testing
import Topics

@testable import Delivery

@Suite struct ExchangeTimesTests {
    private func exchange(_ deadline: Int64?) throws -> PendingExchange {
        var record = try request(.tokens, .receiver, .get)
        let wall = Timestamp(milliseconds: 1_000_000)
        record.time = wall
        record.deadline = deadline.map(Timestamp.init(milliseconds:))
        let key = try #require(Fixture.key)
        return PendingExchange(
            record, at: IncomingRecord(topic: "t", partition: 0, offset: 0, value: nil), account: "platform/msp",
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
