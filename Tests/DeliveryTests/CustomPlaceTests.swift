import Directory
import Encoding
import Kafka
import NIOCore
import NIOHTTP1
import OCPI
import Support
import TestParties
import Testing
import Topics

@testable import Delivery
@testable import Outbound

/// `Link` and `Location` of custom modules: a caller gets only URLs of the hub, never one of the recipient or of another node, because it
/// would send its token to it.
@Suite(.serialized, .timeLimit(.minutes(2))) struct CustomPlaceTests {
    private static let parking = ModuleID(rawValue: "parking")
    private static let hub = DeliveryEnvironment.publicURL
    private static let own = "/ocpi/custom/sender/parking"
    private static let error = #"{"status_code":2001,"status_message":"no such page"}"#

    /// The CPO's server answers with what the query says, and also replaces the other node.
    private func environment() async throws -> DeliveryEnvironment {
        let environment = try await DeliveryEnvironment(cpo: { seen in
            let query = seen.body.jsonString(["query_params", "u"]).map { "u=" + PercentText.encoded($0) }
            let pairs = PercentText.pairs(query ?? String(seen.target.split(separator: "?").last ?? ""))
            let written = pairs.first { $0.name == "u" }?.value ?? ""
            let url = written.split(separator: "CPO", omittingEmptySubsequences: false)
                .joined(separator: "http://" + (seen.headers.first(name: "Host") ?? ""))
            let correlation = seen.headers.first(name: "X-Correlation-ID")
            return .answer(
                correlation == "refused" ? 404 : 200,
                [("Link", "<http://internal.local/1>; rel=\"first\", <\(url)>; rel=\"next\""), ("Location", url)],
                correlation == "error" ? Self.error : "any text")
        })
        return environment
    }

    private func endpoints(_ environment: DeliveryEnvironment) -> Fact {
        .endpoints(
            platform: "cpo",
            [
                Endpoint(module: Self.parking, interface: .sender, url: environment.cpo.url + "/c/parking/"),
                Endpoint(module: .credentials, interface: .sender, url: environment.cpo.url + "/c/parking/credentials"),
            ])
    }

    private func request(_ method: OCPI.Method, writing url: String, to recipient: String = "DE-CPO") throws -> RequestRecord {
        RequestRecord(
            id: UUIDText.v7(), time: .now, module: Self.parking, interface: .sender, method: method, version: .v2_2_1,
            from: try #require(PartyID("DE-MSP")), to: try #require(PartyID(recipient)), path: "",
            query: "u=" + PercentText.encoded(url), requestID: UUIDText.v4(), correlationID: "c", stateVersion: 0,
            deadline: Timestamp.now.adding(milliseconds: 10_000), reply: ReplyAddress(partition: 0, epoch: 7))
    }

    private func link(_ answer: ReplyRecord) -> String? { answer.headers["Link"].flatMap { LinkHeader.next(in: [$0]) } }

    private static let good = [
        ("?offset=2", "?offset=2"), ("CPO/c/parking/a%20b|c?x=1&y=%7C", "/a%20b|c?x=1&y=%7C"), ("/c/parking/a/b", "/a/b"), ("c", "/c"),
        ("./c?d", "/c?d"), (#"CPO/c/parking/a\b"#, #"/a\b"#), ("CPO/c/parking?offset=2", "?offset=2"), ("CPO/c/parking", ""),
    ]
    private static let goodByQuery = [
        ("CPO/api?m=parking&offset=2", "?offset=2"), ("?offset=2&m=parking", "?offset=2"), ("CPO/api?m=%70arking", ""),
        ("CPO/api/a/b?m=parking&x=%7C&y", "/a/b?x=%7C&y"), ("CPO/api?m=parking&m=parking", "?m=parking"),
    ]
    private static let badByQuery = [
        "?offset=2", "CPO/api?m=other", "CPO/api", "CPO/api?m=parking&m=credentials", "CPO/c/parking?m=parking", "CPO/api//a?m=parking",
    ]
    private static let bad = [
        "http://internal.local/c/parking/2", "/elsewhere", "CPO/c/parking/credentials", "CPO/c/parking/%2e%2e/x", "../x", "javascript:1",
        "CPO/c/parking/a//b", "https://me:secret@internal.local/", "CPO/c/parkings/1",
    ]

    @Test func whatLiesBelowTheEndpointIsAskedForThroughTheHub() async throws {
        let environment = try await environment()
        try await environment.run(exchange: try environment.exchange()) {
            try await environment.writer.write([.put(endpoints(environment))])
            for (written, place) in Self.good {
                let list = try await environment.ask(try request(.get, writing: written))
                #expect(link(list) == Self.hub + Self.own + place && list.headers["Location"] == nil, "\(written): \(list.message ?? "")")
                let made = try await environment.ask(try request(.post, writing: written))
                #expect(made.headers["Location"] == Self.hub + Self.own + place && made.headers["Link"] == nil, "\(written)")
                #expect(list.body.map { String(buffer: $0) } == "any text")
                // Another node replaces the address by its own.
                var elsewhere = try request(.get, writing: written)
                (elsewhere.from, elsewhere.origin) = (try #require(PartyID("NL-CPO")), .node("http://other.example"))
                #expect(link(try await environment.ask(elsewhere)) == Self.own + place, "\(written)")
            }
        }
    }

    @Test func noOtherURLOfTheRecipientIsHandedOut() async throws {
        let environment = try await environment()
        try await environment.run(exchange: try environment.exchange()) {
            try await environment.writer.write([.put(endpoints(environment))])
            for written in Self.bad {
                for origin in [RequestOrigin.local, .node("http://other.example")] {
                    var asked = (list: try request(.get, writing: written), made: try request(.post, writing: written))
                    (asked.list.origin, asked.made.origin) = (origin, origin)
                    // Without its next page a list would look complete.
                    let list = try await environment.ask(asked.list)
                    #expect(list.outcome == .unreachable && list.status == .hubError, "\(written)")
                    #expect(list.message?.contains("its Link ") == true && list.message?.contains("secret") == false)
                    let made = try await environment.ask(asked.made)
                    #expect(made.outcome == .answered && made.headers["Location"] == nil && made.headers["Link"] == nil, "\(written)")
                }
            }
            // An answer with an HTTP or OCPI error has no next page.
            for (correlation, status, body) in [("refused", 404, "any text"), ("error", 200, Self.error)] {
                var refused = try request(.get, writing: "http://internal.local/")
                refused.correlationID = correlation
                let answer = try await environment.ask(refused)
                #expect(answer.outcome == .answered && answer.httpStatus == status, "\(correlation)")
                #expect(answer.body.map { String(buffer: $0) } == body, "\(correlation)")
                #expect(answer.headers["Link"] == nil && answer.headers["Location"] == nil, "\(correlation)")
            }
        }
    }

    /// Such an endpoint shares its path with others.
    @Test func anEndpointWithAQueryKeepsItsParametersToItself() async throws {
        let environment = try await environment()
        try await environment.run(exchange: try environment.exchange()) {
            try await environment.writer.write([
                .put(
                    .endpoints(
                        platform: "cpo",
                        [
                            Endpoint(module: Self.parking, interface: .sender, url: environment.cpo.url + "/api?m=parking"),
                            Endpoint(module: .credentials, interface: .sender, url: environment.cpo.url + "/api?m=credentials"),
                        ]))
            ])
            for (written, place) in Self.goodByQuery {
                let list = try await environment.ask(try request(.get, writing: written))
                #expect(link(list) == Self.hub + Self.own + place, "\(written): \(list.message ?? "")")
            }
            for written in Self.badByQuery {
                let list = try await environment.ask(try request(.get, writing: written))
                #expect(list.outcome == .unreachable && list.status == .hubError && list.headers["Link"] == nil, "\(written)")
            }
        }
    }

    @Test func whatAnotherNodeSaysIsAPlaceOfTheModuleOrNothing() async throws {
        let environment = try await environment()
        try await environment.run(exchange: try environment.exchange()) {
            let place = Self.own + "/2?x=%7C"
            #expect(link(try await environment.ask(try request(.get, writing: place, to: "NL-CPO"))) == Self.hub + place)
            #expect(try await environment.ask(try request(.post, writing: place, to: "NL-CPO")).headers["Location"] == Self.hub + place)
            let others = [
                "CPO/c/parking/2", "https://lite.example/list?offset=50", "//lite.example/list", "javascript:1", "?offset=2",
                "/ocpi/custom/receiver/parking/2", "/ocpi/custom/sender/other/2", Self.own + "/../other/2", "/ocpi/2.2.1/credentials",
                "https://hub.example" + place, Self.own + "//b",
            ]
            for written in others {
                let list = try await environment.ask(try request(.get, writing: written, to: "NL-CPO"))
                #expect(list.outcome == .unreachable && list.status == .hubError && list.headers["Link"] == nil, "\(written)")
                let made = try await environment.ask(try request(.post, writing: written, to: "NL-CPO"))
                #expect(made.outcome == .answered && made.headers["Location"] == nil, "\(written)")
            }
        }
    }
}
