import NIOCore
import OCPI
import Support
import TestParties
import Testing
import Topics

@testable import Delivery

/// Answers that say two things.
@Suite(.serialized, .timeLimit(.minutes(2))) struct DuplicateMembersTests {
    private static let twice = #"{"status_code":1000,"data":{},"status_code":2001}"#

    @Test func anAnswerWithTwoStatusesIsAnErrorAndMayHaveBeenCarriedOut() async throws {
        let world = try await DeliveryEnvironment(cpo: { _ in .answer(200, [], Self.twice) })
        try await world.run(exchange: try world.exchange()) {
            let cdr = try request(.cdrs, .receiver, .post, body: #"{"id":"7"}"#)
            var again = cdr
            again.id = "again"
            for record in [cdr, again] {
                let answer = try await world.ask(record)
                #expect(answer.outcome == .unreachable && answer.status == .hubError && answer.body == nil)
                #expect(answer.message?.contains("status_code stands twice") == true)
            }
            #expect(world.cpo.recorded.count == 1, "nobody knows which status counts, so it is not sent again")

            var elsewhere = try request(.locations, .sender, .get)
            elsewhere.to = try #require(PartyID("NL-CPO"))
            #expect(try await world.ask(elsewhere).status == .hubError)
        }
    }

    @Test func aCopyIsNotTakenForDeliveredByIt() async throws {
        let world = try await DeliveryEnvironment(service: { _ in .answer(200, [], Self.twice) })
        try await world.run(push: try world.push()) {
            try await world.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: "copy", key: "1")
            try await eventually("it is sent again") { world.service.recorded.count > 1 }
        }
    }

    @Test func aResponseURLThatStandsTwiceIsNotChosenFrom() throws {
        let body = #"{"response_url":"https://a.example/1","response_url":"https://b.example/2"}"#
        let error = #expect(throws: ExchangeFailure.self) {
            try Rewrites.responseURL(of: try request(.commands, .receiver, .post, path: "START_SESSION", body: body))
        }
        #expect(error?.error.code == .invalidParameters && error?.error.message.contains("twice") == true)
    }
}
