import NIOCore
import OCPI
import Support
import TestParties
import Testing
import Topics

@testable import Delivery

/// Answers with a member that occurs twice.
@Suite(.serialized, .timeLimit(.minutes(2))) struct DuplicateMembersTests {
    private static let twice = #"{"status_code":1000,"data":{},"status_code":2001}"#

    @Test func anAnswerWithTwoStatusesIsAnErrorAndMayHaveBeenCarriedOut() async throws {
        let environment = try await DeliveryEnvironment(cpo: { _ in .answer(200, [], Self.twice) })
        try await environment.run(exchange: try environment.exchange()) {
            let cdr = try request(.cdrs, .receiver, .post, body: #"{"id":"7"}"#)
            var again = cdr
            again.id = "again"
            for record in [cdr, again] {
                let answer = try await environment.ask(record)
                #expect(answer.outcome == .unreachable && answer.status == .hubError && answer.body == nil)
                #expect(answer.message?.contains("status_code stands twice") == true)
            }
            #expect(environment.cpo.recorded.count == 1, "nobody knows which status counts, so it is not sent again")

            var elsewhere = try request(.locations, .sender, .get)
            elsewhere.to = try #require(PartyID("NL-CPO"))
            #expect(try await environment.ask(elsewhere).status == .hubError)
        }
    }

    @Test func aCopyIsNotTakenForDeliveredByIt() async throws {
        let environment = try await DeliveryEnvironment(service: { _ in .answer(200, [], Self.twice) })
        try await environment.run(push: try environment.push()) {
            try await environment.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: "copy", key: "1")
            try await eventually("it is sent again") { environment.service.recorded.count > 1 }
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
