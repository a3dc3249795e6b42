import Directory
import Encoding
import Kafka
import NIOCore
import Notary
import OCPI
import Support
import Synchronization
import TestParties
import Testing
import Topics

@testable import Delivery
@testable import Outbound

/// The rules of *Decisions* about answers that OCPI does not define.
@Suite(.serialized, .timeLimit(.minutes(2))) struct DecisionsTests {
    /// The same request in another record, as a caller without an answer repeats it.
    private func again(_ record: RequestRecord) -> RequestRecord {
        var again = record
        again.id = UUIDText.v7()
        return again
    }

    @Test func realTimeAuthorisationIsNeverAnsweredFromMemory() async throws {
        let calls = Atomic<Int>(0)
        let environment = try await DeliveryEnvironment(cpo: { _ in
            let allowed = calls.wrappingAdd(1, ordering: .relaxed).newValue == 1 ? "ALLOWED" : "BLOCKED"
            return .answer(200, [], #"{"status_code":1000,"data":{"allowed":"\#(allowed)"}}"#)
        })
        try await environment.run(exchange: try environment.exchange()) {
            let endpoint = Fact.endpoints(
                platform: "cpo", [Endpoint(module: .tokens, interface: .sender, url: environment.cpo.url + "/sender/tokens")])
            try await environment.writer.write([.put(endpoint)])
            let first = try request(.tokens, .sender, .post, path: "T1/authorize", query: "type=RFID", body: "{}")
            var message = again(first)
            message.origin = .node("https://other.example")
            message.path += "/"
            var answers: [String?] = []
            for record in [first, again(first), message, again(message)] {
                answers.append(try await environment.ask(record).body?.jsonString(["data", "allowed"]))
            }
            #expect(answers == ["ALLOWED", "BLOCKED", "BLOCKED", "BLOCKED"])
        }
    }

    @Test func onlyAuthorisationIsExemptFromBeingSentOnce() throws {
        #expect(IdempotencyKey(try request(.tokens, .sender, .post, path: "T1/authorize")) == nil)
        #expect(IdempotencyKey(try request(.tokens, .sender, .post, path: "T1/other")) != nil)
        #expect(IdempotencyKey(try request(.commands, .receiver, .post, path: "START_SESSION")) != nil)
        #expect(IdempotencyKey(try request(ModuleID(rawValue: "parking"), .sender, .post, path: "T1/authorize")) != nil)
    }

    @Test(arguments: [401, 407]) func aRefusalOfTheHubsTokenIsNotTheCallers(_ status: Int) async throws {
        let environment = try await DeliveryEnvironment(cpo: { _ in
            .answer(status, [("WWW-Authenticate", "Token")], #"{"status_code":2001,"status_message":"unknown token"}"#)
        })
        try await environment.run(exchange: try environment.exchange()) {
            var elsewhere = try request(.locations, .sender, .get)
            elsewhere.to = try #require(PartyID("NL-CPO"))
            let cdr = try request(.cdrs, .receiver, .post, body: #"{"id":"7"}"#)
            for record in [try request(.locations, .sender, .get), elsewhere, cdr, again(cdr)] {
                let answer = try await environment.ask(record)
                #expect(answer.outcome == .unreachable && answer.status == .connectionProblem)
                #expect(answer.httpStatus == nil && answer.body == nil && answer.headers.fields.isEmpty)
                #expect(answer.message?.contains("the hub's own token") == true)
            }
            #expect(environment.cpo.recorded.count == 4, "nothing was done, so the repeat is sent")
        }
    }

    @Test func a403IsTheRecipientsWord() async throws {
        let environment = try await DeliveryEnvironment(cpo: { _ in .answer(403, [], #"{"status_code":2000}"#) })
        try await environment.run(exchange: try environment.exchange()) {
            let answer = try await environment.ask(try request(.locations, .sender, .get))
            #expect(answer.outcome == .answered && answer.httpStatus == 403)
        }
    }

    @Test(arguments: [
        ServerAnswer.answer(204, [], ""), .answer(200, [], #"{"status_code":"1000"}"#), .answer(200, [], #"{"status_code":1000.0}"#),
        .answer(200, [], "\u{FEFF}" + #"{"status_code":1000}"#),
    ]) func aServiceThatMeansSuccessHasTheCopy(_ answer: ServerAnswer) async throws {
        let environment = try await DeliveryEnvironment(service: { _ in answer })
        // A back-off would be longer than this test.
        try await environment.run(push: try environment.push { ($0.backoffBase, $0.backoffCap) = (.seconds(600), .seconds(600)) }) {
            for id in ["1", "2"] { try await environment.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: id, key: "1") }
            try await eventually("the second copy of the object follows the first") { environment.service.recorded.count == 2 }
        }
    }

    @Test func aByteOrderMarkStaysOnTheWayToAPartyAndIsLeftOutWithinAMessage() throws {
        let body = "\u{FEFF}" + #"{"id":"1"}"#
        let record = try request(.cdrs, .receiver, .post, body: body)
        #expect(OutboundRequestBuilder.call(record, url: "https://cpo.example", authorization: "Token x").body == ByteBuffer(string: body))
        for isVerbatim in [false, true] {
            let node = NetworkNode(operatorAddress: "0xother", url: "https://other.example", isVerbatim: isVerbatim, source: "test")
            let message = try OutboundRequestBuilder.message(record, to: node, proxy: nil, key: try #require(Fixture.key))
            let received = try OCNMessage.decode(try #require(message.body))
            #expect(received.body == ByteBuffer(string: #"{"id":"1"}"#))
        }
    }

    @Test func aResponseURLBehindAByteOrderMarkIsReplaced() throws {
        let record = try request(
            .commands, .receiver, .post, path: "START_SESSION", body: "\u{FEFF}" + #"{"response_url":"https://a.example/1"}"#)
        let found = try #require(try Rewrites.responseURL(of: record))
        let changed = Rewrites.replacing(found, with: "https://hub/1", in: record, key: try #require(Fixture.key))
        #expect(changed.body == ByteBuffer(string: "\u{FEFF}" + #"{"response_url":"https://hub/1"}"#))
    }
}
