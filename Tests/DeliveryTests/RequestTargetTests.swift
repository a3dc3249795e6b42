import Directory
import NIOCore
import NIOHTTP1
import OCPI
import Support
import TestParties
import Testing
import Topics

@testable import Delivery
@testable import Outbound

/// A URL is sent unchanged, and a URL over the limit is not sent.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RequestTargetTests {
    /// Characters that Foundation's URL would encode, and other encodings in the same part.
    static let odd = [
        "/locations/A|B%20C", "/l?x=a|b&date_from=2026-01-01T00%3A00%3A00Z", "/r?ids[]=a&x=a%20b", "/p?filter[x]=a%20b", "/e?f[t]=a%20b",
        #"/x"{}^<>`\y%20z"#, "/a%", "/a%2", "/a%zz?%", "/a?b?c?%3F", "//a//b", "/a;b,c:d@e!$&'()*+=~_.-", "/%2e%2e/a", "/?", "/a?",
    ]

    @Test(arguments: odd) func pathAndQueryAreTheBytesOfTheURL(text: String) throws {
        let target = try #require(RequestTarget(url: "https://Example.org:8443\(text)"))
        #expect(target.origin == "https://example.org:8443" && target.text == text)
    }

    @Test(arguments: [
        ("http://h", "http://h:80", "/"), ("http://h?a=b", "http://h:80", "/?a=b"), ("HTTPS://h#x", "https://h:443", "/"),
        ("http://h/a?b#c?d", "http://h:80", "/a?b"), ("http://[::1]:90/a", "http://[::1]:90", "/a"),
        ("hTTp://h/a b\u{e9}\n", "http://h:80", "/a%20b%C3%A9%0A"),
    ])
    func whatCannotStandOnARequestLineIsEncodedOrLeftOut(url: String, origin: String, text: String) throws {
        let target = try #require(RequestTarget(url: url))
        #expect(target.origin == origin && target.text == text)
    }

    @Test func theRequestLineHasThem() async throws {
        let environment = try await DeliveryEnvironment()
        try await environment.run {
            for text in Self.odd {
                let request = OutboundRequest(url: environment.cpo.url + text, method: .get)
                _ = try await environment.client.answer(to: request, deadline: .now() + .seconds(60))
            }
            #expect(environment.cpo.recorded.map(\.target) == Self.odd)
            #expect(environment.cpo.recorded.allSatisfy { $0.headers["Host"] == ["127.0.0.1:\(environment.cpo.port)"] })
            #expect(environment.cpo.recorded.allSatisfy { seen in !seen.headers.contains { $0.name.lowercased().hasPrefix("ocn-") } })
        }
    }

    @Test(
        arguments: [
            (8 * 1024, 100, nil), (8 * 1024 + 1, 100, .tooLarge), (100, 15 * 1024, nil), (100, 16 * 1024, .tooLarge),
            (70_000, 70_000, .tooLarge),
        ] as [(Int, Int, OutboundFailure.Kind?)])
    func whatIsTooLongIsNotSent(url: Int, header: Int, kind: OutboundFailure.Kind?) async throws {
        let environment = try await DeliveryEnvironment()
        try await environment.run {
            let base = environment.cpo.url + "/"
            let request = OutboundRequest(
                url: base + String(repeating: "|", count: url - base.utf8.count), method: .post,
                headers: ["X": String(repeating: "x", count: header)], body: ByteBuffer(string: "{}"))
            do throws(OutboundFailure) {
                _ = try await environment.client.answer(to: request, deadline: .now() + .seconds(60))
                #expect(kind == nil)
            } catch {
                #expect(error.kind == kind, "\(error)")
            }
            #expect(environment.cpo.recorded.isEmpty == (kind != nil))
        }
    }

    // MARK: In the roles. Each of these once crashed the process.

    @Test func aRequestThatIsTooLongToPassOnIsRefused() async throws {
        let environment = try await DeliveryEnvironment()
        try await environment.run(exchange: try environment.exchange()) {
            let path = try request(.tokens, .receiver, .put, path: "DE/MSP/" + String(repeating: "|", count: 30_000), body: "{}")
            var signed = try request(.tokens, .receiver, .put, path: "DE/MSP/1", body: "{}")
            signed.signature = String(repeating: "s", count: 100_000)
            for record in [path, signed] {
                let reply = try await environment.ask(record)
                #expect(reply.outcome == .refused && reply.status == .invalidParameters)
                #expect(reply.message?.contains("would be longer than") == true, "\(reply.message ?? "")")
            }
            #expect(environment.cpo.recorded.isEmpty)
            #expect(try await environment.ask(try request(.tokens, .receiver, .put, path: "DE/MSP/1", body: "{}")).outcome == .answered)
        }
    }

    @Test func aCopyThatIsTooLongEndsAsADeadLetterAndOthersFollow() async throws {
        let environment = try await DeliveryEnvironment()
        try await environment.run(push: try environment.push()) {
            var record = try request(.cdrs, .receiver, .post, body: "{}")
            record.correlationID = String(repeating: "c", count: 100_000)
            try await environment.copy(record, id: "long", key: "k")
            try await environment.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: "short", key: "k")
            try await eventually("the next one arrives") { environment.service.recorded.count == 1 }
            let dead = try await environment.dead()
            #expect(dead.map(\.copy.id) == ["long"])
            #expect(dead.first?.cause.hasPrefix("cannot be sent: its headers would be longer") == true, "\(dead)")
        }
    }

    @Test func anAnnouncementThatIsTooLongIsDroppedAndOthersFollow() async throws {
        let environment = try await DeliveryEnvironment()
        try await environment.run(push: try environment.push()) {
            let url = environment.cpo.url + "/" + String(repeating: "u", count: 70_000)
            try await environment.writer.write([
                .put(
                    .endpoints(
                        platform: "cpo",
                        [
                            Endpoint(module: .hubclientinfo, interface: .receiver, url: url),
                            Endpoint(module: .tokens, interface: .receiver, url: environment.cpo.url + "/tokens"),
                        ]))
            ])
            let status = try request(.hubclientinfo, .receiver, .put, path: "DE/MSP", body: #"{"status":"OFFLINE"}"#)
            try await environment.announce(status, to: "DE-CPO", key: "k")
            try await environment.announce(try request(.tokens, .receiver, .put, path: "DE/MSP/T1", body: "{}"), to: "DE-CPO", key: "k")
            try await eventually("the next one arrives") { environment.cpo.recorded.map(\.target) == ["/tokens/DE/MSP/T1"] }
        }
    }
}
