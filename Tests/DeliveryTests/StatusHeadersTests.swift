import Kafka
import NIOCore
import OCPI
import Support
import Testing
import Topics

@testable import Delivery
@testable import Outbound

/// Statuses of recipients that mean something by a header of theirs.
@Suite(.serialized, .timeLimit(.minutes(2))) struct StatusHeadersTests {
    @Test func whenARecipientMayBeAskedAgainIsTold() async throws {
        let world = try await DeliveryWorld(cpo: { seen in
            .answer(seen.method == "GET" ? 429 : 503, [("Retry-After", "120")], #"{"status_code":2000}"#)
        })
        try await world.run(exchange: try world.exchange()) {
            let here = try await world.ask(try request(.locations, .sender, .get))
            #expect(here.httpStatus == 429 && here.headers["Retry-After"] == "120")
            // The CPO's server plays the other node, which answers with what its party said.
            var elsewhere = try request(.locations, .sender, .get)
            elsewhere.to = try #require(PartyID("NL-CPO"))
            let there = try await world.ask(elsewhere)
            #expect(there.httpStatus == 503 && there.headers["Retry-After"] == "120")
        }
    }

    @Test func aRedirectIsAnErrorThatSaysSo() async throws {
        let world = try await DeliveryWorld(cpo: { _ in .answer(307, [("Location", "https://internal.example/")], "") })
        try await world.run(exchange: try world.exchange()) {
            var elsewhere = try request(.locations, .sender, .get)
            elsewhere.to = try #require(PartyID("NL-CPO"))
            var forHub = try request(.locations, .sender, .get)
            forHub.origin = .hub
            for record in [try request(.locations, .sender, .get), elsewhere, forHub, try request(.cdrs, .receiver, .post, body: "{}")] {
                let answer = try await world.ask(record)
                #expect(answer.outcome == .unreachable && answer.status == .hubError && answer.httpStatus == nil)
                #expect(answer.message?.contains("redirect (HTTP 307)") == true && answer.headers["Location"] == nil)
            }
        }
    }

    @Test(arguments: [(300, false), (301, false), (302, false), (303, true), (304, false), (307, false), (308, false), (399, false)])
    func onlySeeOtherSaysThatSomethingMayBeDone(_ status: Int, _ mayBeDone: Bool) throws {
        let recipient = try #require(PartyID("DE-CPO"))
        let obstacle = try #require(Obstacle.instead(of: OutboundResponse(status: status), from: recipient))
        #expect(obstacle.mayBeDone == mayBeDone && obstacle.error.message.contains("\(status)"))
        #expect(Obstacle.instead(of: OutboundResponse(status: 200), from: recipient) == nil)
    }
}
