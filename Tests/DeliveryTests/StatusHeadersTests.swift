import Encoding
import Kafka
import NIOCore
import OCPI
import Support
import TestParties
import Testing
import Topics

@testable import Delivery
@testable import Outbound

/// Statuses of recipients that have a meaning only with a header.
@Suite(.serialized, .timeLimit(.minutes(2))) struct StatusHeadersTests {
    @Test func whenARecipientMayBeAskedAgainIsTold() async throws {
        let environment = try await DeliveryEnvironment(cpo: { seen in
            .answer(seen.method == .get ? 429 : 503, [("Retry-After", "120")], #"{"status_code":2000}"#)
        })
        try await environment.run(exchange: try environment.exchange()) {
            let here = try await environment.ask(try request(.locations, .sender, .get))
            #expect(here.httpStatus == 429 && here.headers["Retry-After"] == "120")
            // The CPO's server replaces the other node, which passes on its party's answer.
            var elsewhere = try request(.locations, .sender, .get)
            elsewhere.to = try #require(PartyID("NL-CPO"))
            let there = try await environment.ask(elsewhere)
            #expect(there.httpStatus == 503 && there.headers["Retry-After"] == "120")
        }
    }

    private static let accept = [
        "Accept": "application/json", "Accept-Encoding": "identity", "Accept-Post": "text/plain", "Accept-Patch": "text/csv",
    ]

    /// Of all headers that a recipient may send, only those of the status are passed on.
    @Test func whatAStatusNeedsPassesWithItAndWithNoOther() async throws {
        let written = Self.accept.map { ($0.key, $0.value) } + [("Allow", "GET"), ("Allow", "PUT"), ("Upgrade", "h2c"), ("Server", "x")]
        // The CPO's server also replaces the other node.
        let environment = try await DeliveryEnvironment(cpo: { seen in
            let path = seen.body.jsonString(["url_path"]) ?? seen.target
            return .answer(path.split(separator: "/").last.flatMap { Int($0) } ?? 500, written, #"{"status_code":2000}"#)
        })
        let expected: [Int: [String: String]] = [405: ["Allow": "GET, PUT"], 415: Self.accept]
        try await environment.run(exchange: try environment.exchange()) {
            for status in [200, 404, 405, 415, 426, 429, 501] {
                for recipient in ["DE-CPO", "NL-CPO"] {
                    var record = try request(.locations, .sender, .get, path: "\(status)")
                    record.to = try #require(PartyID(recipient))
                    let answer = try await environment.ask(record)
                    let passed = Dictionary(uniqueKeysWithValues: answer.headers.fields.map { ($0.name, $0.value) })
                    #expect(answer.httpStatus == status && passed == expected[status] ?? [:], "\(recipient), \(status)")
                }
            }
        }
    }

    @Test func aRedirectIsAnErrorThatSaysSo() async throws {
        let environment = try await DeliveryEnvironment(cpo: { _ in .answer(307, [("Location", "https://internal.example/")], "") })
        try await environment.run(exchange: try environment.exchange()) {
            var elsewhere = try request(.locations, .sender, .get)
            elsewhere.to = try #require(PartyID("NL-CPO"))
            var forHub = try request(.locations, .sender, .get)
            forHub.origin = .hub
            for var record in [try request(.locations, .sender, .get), elsewhere, forHub, try request(.cdrs, .receiver, .post, body: "{}")]
            {
                // They were created at the same time and are called one after the other.
                record.deadline = Timestamp.now.adding(milliseconds: 60_000)
                let answer = try await environment.ask(record)
                #expect(answer.outcome == .unreachable && answer.status == .hubError && answer.httpStatus == nil)
                #expect(answer.message?.contains("redirect (HTTP 307)") == true && answer.headers["Location"] == nil)
            }
        }
    }

    @Test(arguments: [(300, false), (301, false), (302, false), (303, true), (304, false), (307, false), (308, false), (399, false)])
    func onlySeeOtherSaysThatSomethingMayBeDone(_ status: Int, _ mayBeDone: Bool) throws {
        let recipient = try #require(PartyID("DE-CPO"))
        let exchangeFailure = try #require(ExchangeFailure.instead(of: OutboundResponse(status: status), from: recipient))
        #expect(exchangeFailure.mayBeDone == mayBeDone && exchangeFailure.error.message.contains("\(status)"))
        #expect(ExchangeFailure.instead(of: OutboundResponse(status: 200), from: recipient) == nil)
    }
}
