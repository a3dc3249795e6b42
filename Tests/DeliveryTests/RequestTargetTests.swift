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

/// What stands in a URL goes out as it stands there, and what is longer than we send does not go out at all.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RequestTargetTests {
    /// Characters that Foundation's URL would encode, with whatever else is encoded in the same part.
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
        let world = try await DeliveryEnvironment()
        try await world.run {
            for text in Self.odd {
                let request = OutboundRequest(url: world.cpo.url + text, method: .get)
                _ = try await world.client.answer(to: request, deadline: .now() + .seconds(60))
            }
            #expect(world.cpo.recorded.map(\.target) == Self.odd)
            #expect(world.cpo.recorded.allSatisfy { $0.headers["Host"] == ["127.0.0.1:\(world.cpo.port)"] })
            #expect(world.cpo.recorded.allSatisfy { seen in !seen.headers.contains { $0.name.lowercased().hasPrefix("ocn-") } })
        }
    }

    @Test(
        arguments: [
            (8 * 1024, 100, nil), (8 * 1024 + 1, 100, .tooLarge), (100, 15 * 1024, nil), (100, 16 * 1024, .tooLarge),
            (70_000, 70_000, .tooLarge),
        ] as [(Int, Int, OutboundFailure.Kind?)])
    func whatIsTooLongIsNotSent(url: Int, header: Int, kind: OutboundFailure.Kind?) async throws {
        let world = try await DeliveryEnvironment()
        try await world.run {
            let base = world.cpo.url + "/"
            let request = OutboundRequest(
                url: base + String(repeating: "|", count: url - base.utf8.count), method: .post,
                headers: ["X": String(repeating: "x", count: header)], body: ByteBuffer(string: "{}"))
            do throws(OutboundFailure) {
                _ = try await world.client.answer(to: request, deadline: .now() + .seconds(60))
                #expect(kind == nil)
            } catch {
                #expect(error.kind == kind, "\(error)")
            }
            #expect(world.cpo.recorded.isEmpty == (kind != nil))
        }
    }

    // MARK: In the roles. Each of these ended the process once.

    @Test func aRequestThatIsTooLongToPassOnIsRefused() async throws {
        let world = try await DeliveryEnvironment()
        try await world.run(exchange: try world.exchange()) {
            let path = try request(.tokens, .receiver, .put, path: "DE/MSP/" + String(repeating: "|", count: 30_000), body: "{}")
            var signed = try request(.tokens, .receiver, .put, path: "DE/MSP/1", body: "{}")
            signed.signature = String(repeating: "s", count: 100_000)
            for record in [path, signed] {
                let reply = try await world.ask(record)
                #expect(reply.outcome == .refused && reply.status == .invalidParameters)
                #expect(reply.message?.contains("would be longer than") == true, "\(reply.message ?? "")")
            }
            #expect(world.cpo.recorded.isEmpty)
            #expect(try await world.ask(try request(.tokens, .receiver, .put, path: "DE/MSP/1", body: "{}")).outcome == .answered)
        }
    }

    @Test func aCopyThatIsTooLongEndsAsADeadLetterAndOthersFollow() async throws {
        let world = try await DeliveryEnvironment()
        try await world.run(push: try world.push()) {
            var record = try request(.cdrs, .receiver, .post, body: "{}")
            record.correlationID = String(repeating: "c", count: 100_000)
            try await world.copy(record, id: "long", key: "k")
            try await world.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: "short", key: "k")
            try await eventually("the next one arrives") { world.service.recorded.count == 1 }
            let dead = try await world.dead()
            #expect(dead.map(\.copy.id) == ["long"])
            #expect(dead.first?.cause.hasPrefix("cannot be sent: its headers would be longer") == true, "\(dead)")
        }
    }

    @Test func anAnnouncementThatIsTooLongIsDroppedAndOthersFollow() async throws {
        let world = try await DeliveryEnvironment()
        try await world.run(push: try world.push()) {
            let url = world.cpo.url + "/" + String(repeating: "u", count: 70_000)
            try await world.writer.write([
                .put(
                    .endpoints(
                        platform: "cpo",
                        [
                            Endpoint(module: .hubclientinfo, interface: .receiver, url: url),
                            Endpoint(module: .tokens, interface: .receiver, url: world.cpo.url + "/tokens"),
                        ]))
            ])
            let status = try request(.hubclientinfo, .receiver, .put, path: "DE/MSP", body: #"{"status":"OFFLINE"}"#)
            try await world.announce(status, to: "DE-CPO", key: "k")
            try await world.announce(try request(.tokens, .receiver, .put, path: "DE/MSP/T1", body: "{}"), to: "DE-CPO", key: "k")
            try await eventually("the next one arrives") { world.cpo.recorded.map(\.target) == ["/tokens/DE/MSP/T1"] }
        }
    }
}
