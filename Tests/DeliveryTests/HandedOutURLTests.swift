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

/// A URL of a party that the hub replaces by one of its own: either it can be served later, or the request is refused now.
@Suite(.serialized, .timeLimit(.minutes(5))) struct HandedOutURLTests {
    // MARK: response_url

    @Test func aResponseURLThatCouldNotBeServedLaterIsRefusedAtOnce() async throws {
        let environment = try await DeliveryEnvironment()
        try await environment.run(exchange: try environment.exchange()) {
            try await environment.writer.write([
                .put(.origins(platform: "msp", ["http://10.1.2.3:80", "https://results.example:443"])),
                .put(
                    .endpoints(
                        platform: "msp",
                        [
                            Endpoint(module: .commands, interface: .sender, url: environment.msp.url + "/sender/commands"),
                            Endpoint(module: .credentials, interface: .sender, url: environment.msp.url + "/credentials"),
                        ])),
            ])
            let port = environment.msp.port
            let bad = [
                "https://127.0.0.1:\(port)/r", "http://127.0.0.1:1/r", "http://localhost:\(port)/r",
                "http://127.0.0.2:\(port)/r", "https://elsewhere.example/r", "http://results.example/r", "http://10.1.2.3/r",
                "\(environment.msp.url)/credentials", "\(environment.msp.url)/sender/../credentials", "\(environment.msp.url)/versions",
                "\(environment.msp.url)/r#x",
            ]
            for url in bad {
                for (recipient, place) in [("DE-CPO", "here"), ("NL-CPO", "at another node")] {
                    var command = try request(.commands, .receiver, .post, path: "START_SESSION", body: #"{"response_url":"\#(url)"}"#)
                    command.to = try #require(PartyID(recipient))
                    var profile = try request(
                        .chargingprofiles, .receiver, .get, path: "S1", query: "response_url=" + PercentText.encoded(url))
                    profile.to = command.to
                    for record in [command, profile] {
                        let answer = try await environment.ask(record)
                        #expect(answer.outcome == .refused && answer.status == .invalidParameters, "\(url), \(place)")
                        #expect(answer.message?.hasPrefix("response_url ") == true, "\(answer.message ?? "")")
                    }
                }
            }
            #expect(environment.cpo.recorded.isEmpty)
            let good = ["\(environment.msp.url)/anywhere?x=1", "https://results.example/r", "HTTPS://Results.example:443/r"]
            for url in good {
                let answer = try await environment.ask(
                    try request(.commands, .receiver, .post, path: "START_SESSION", body: #"{"response_url":"\#(url)"}"#))
                #expect(answer.outcome == .answered, "\(url): \(answer.message ?? "")")
            }
            #expect(environment.cpo.recorded.count == good.count)
        }
    }

    // MARK: Link and Location

    /// The URLs that a recipient answers, by the requested path.
    private static let written = [
        "internal": "http://internal.local:8080/p?x=1", "scheme": "https://127.0.0.1/p", "forbidden": "http://10.0.0.1/p",
        "script": "javascript:1", "password": "http://me:secret@internal.local/p", "long": "/" + String(repeating: "p", count: 2100),
        "dots": "/%2e%2e/p", "versions": "/versions",
    ]

    private func environment() async throws -> DeliveryEnvironment {
        try await DeliveryEnvironment(cpo: { seen in
            guard let url = Self.written[String(seen.target.split(separator: "/").last ?? "")] else {
                guard let url = seen.headers.first(name: "X-Correlation-ID").flatMap({ Self.written[$0] }) else { return .success }
                return .answer(201, [("Location", url)], #"{"status_code":1000}"#)
            }
            return .answer(200, [("Link", "<\(url)>; rel=\"next\"")], #"{"status_code":1000,"data":[]}"#)
        })
    }

    @Test func aRecipientsURLThatCouldNotBeServedLaterIsAnErrorThatNamesIt() async throws {
        let environment = try await environment()
        try await environment.run(exchange: try environment.exchange()) {
            for (place, origin) in [("here", RequestOrigin.local), ("elsewhere", .node("http://other.example"))] {
                for (name, url) in Self.written {
                    let list = try request(.locations, .sender, .get, path: name)
                    var cdr = try request(.cdrs, .receiver, .post, body: #"{"id":"\#(name)"}"#)
                    cdr.correlationID = name
                    cdr.requestID = "\(name) \(place)"
                    for header in ["Link", "Location"] {
                        var record = header == "Link" ? list : cdr
                        record.origin = origin
                        if origin != .local { record.from = try #require(PartyID("NL-CPO")) }
                        let answer = try await environment.ask(record)
                        #expect(answer.outcome == .unreachable && answer.status == .hubError, "\(name) \(header)")
                        let message = answer.message ?? ""
                        #expect(message.contains("its \(header) "), "\(message)")
                        #expect(message.contains(url.prefix(100)) != (name == "password"), "\(message)")
                        #expect(!message.contains("secret"))
                    }
                }
            }
        }
    }

    @Test func whatSaysThatNothingWasDoneNeedsNoURL() async throws {
        let environment = try await DeliveryEnvironment(cpo: { seen in
            .answer(
                200, [("Location", "http://internal.local/1"), ("Link", "<http://internal.local/2>; rel=next")],
                seen.method == .get ? #"{"status_code":2001}"# : #"{"status_code":"2001"}"#)
        })
        try await environment.run(exchange: try environment.exchange()) {
            for record in [try request(.locations, .sender, .get), try request(.cdrs, .receiver, .post, body: "{}")] {
                let answer = try await environment.ask(record)
                #expect(answer.outcome == .answered && answer.headers["Link"] == nil && answer.headers["Location"] == nil)
            }
        }
    }

    // MARK: How long

    /// Lists have many next pages: stored ones expire earlier.
    @Test func aNextPageWorksForADayUnlessItIsStored() async throws {
        let pages = ["short": "/p?x", "long": "/p?" + String(repeating: "x", count: 300)]
        let environment = try await DeliveryEnvironment(cpo: { seen in
            let page = pages[String(seen.target.split(separator: "/").last ?? "")] ?? ""
            return .answer(200, [("Link", "<\(page)>; rel=next")], #"{"status_code":1000,"data":[]}"#)
        })
        try await environment.run(exchange: try environment.exchange()) {
            func minutes(_ page: Capability) -> Int64 { (page.expires.milliseconds - Timestamp.now.milliseconds) / 60_000 }
            let stored: ClosedRange<Int64> = 110...120
            for (path, page) in pages {
                let list = try await environment.ask(try request(.locations, .sender, .get, path: path))
                let link = try #require(LinkHeader.next(in: [list.headers["Link"] ?? ""]), "\(path)")
                let own = try #require(await environment.capabilities.resolve(String(link.split(separator: "/").last ?? "")), "\(path)")
                let expected: ClosedRange<Int64> = path == "short" ? 1430...1440 : stored
                #expect(expected ~= minutes(own), "\(path): \(minutes(own))")
                // Another node requests the URL itself, so this node must store it.
                var remote = try request(.locations, .sender, .get, path: path)
                (remote.from, remote.origin) = (try #require(PartyID("NL-CPO")), .node("http://other.example"))
                #expect(try await environment.ask(remote).outcome == .answered)
                let handedOut = Capability(
                    kind: .page, owner: remote.to, user: remote.from, target: .url(environment.cpo.url + page), expires: own.expires)
                let kept = try #require(await environment.capabilities.resolve(handedOut.handedOutID), "\(path)")
                #expect(stored ~= minutes(kept), "\(path): \(minutes(kept))")
            }
        }
    }

    // MARK: Relative references

    @Test func aRelativeURLIsReadAgainstTheOneThatWasCalled() async throws {
        let cases = [
            ("?offset=1", "/sender/locations?offset=1"), ("locations?offset=%7C", "/sender/locations?offset=%7C"),
            ("./?a=|", "/sender/?a=|"), ("../sender/locations?b", "/sender/locations?b"), ("/p?c", "/p?c"),
            ("//HOST/p?d", "/p?d"), ("C1", "/sender/C1"), ("", "/sender/locations?case=8"),
        ]
        let environment = try await DeliveryEnvironment(cpo: { seen in
            if seen.method == .post { return .answer(201, [("Location", "C1")], #"{"status_code":1000}"#) }
            guard let number = seen.target.split(separator: "=").last.flatMap({ Int($0) }), cases.indices.contains(number - 1) else {
                return .success
            }
            let host = seen.headers.first(name: "Host") ?? ""
            let url = cases[number - 1].0.split(separator: "HOST", omittingEmptySubsequences: false).joined(separator: host)
            return .answer(200, [("Link", "<\(url)>; rel=next")], #"{"status_code":1000,"data":[]}"#)
        })
        try await environment.run(exchange: try environment.exchange()) {
            for (index, (reference, expected)) in cases.enumerated() {
                var record = try request(.locations, .sender, .get, query: "case=\(index + 1)")
                let link = try #require(LinkHeader.next(in: [try await environment.ask(record).headers["Link"] ?? ""]), "\(reference)")
                try #require(link.hasPrefix(DeliveryEnvironment.publicURL + "/ocpi/sender/2.2.1/locations/page/"), "\(reference): \(link)")
                let token = String(link.split(separator: "/").last ?? "")
                let page = try #require(await environment.capabilities.resolve(token), "\(reference)")
                #expect(page.url(in: environment.store.directory) == environment.cpo.url + expected, "\(reference)")

                // Another node does not know the base of a relative URL.
                record.id = UUIDText.v7()
                record.origin = .node("http://other.example")
                record.from = try #require(PartyID("NL-CPO"))
                let absolute = LinkHeader.next(in: [try await environment.ask(record).headers["Link"] ?? ""])
                #expect(absolute == environment.cpo.url + expected, "\(reference)")
            }
            let posted = try await environment.ask(try request(.cdrs, .receiver, .post, body: "{}"))
            let token = try #require(posted.headers["Location"]?.split(separator: "/").last)
            #expect(
                await environment.capabilities.resolve(String(token))?.url(in: environment.store.directory) == environment.cpo.url
                    + "/receiver/C1")
        }
    }

    @Test func theRelativeURLOfAnotherNodeIsAnError() async throws {
        let environment = try await DeliveryEnvironment(cpo: { _ in
            .answer(200, [("Link", "<?offset=1>; rel=next")], #"{"status_code":1000,"data":[]}"#)
        })
        try await environment.run(exchange: try environment.exchange()) {
            var record = try request(.locations, .sender, .get)
            record.to = try #require(PartyID("NL-CPO"))
            let answer = try await environment.ask(record)
            #expect(answer.status == .hubError && answer.message?.contains(#"its Link "?offset=1" is not an absolute"#) == true)
        }
    }

    // MARK: Links

    @Test func whoHasAsManyLinksAsItMayIsRefusedAndOthersAreNot() async throws {
        let environment = try await DeliveryEnvironment(maxLinksPerParty: 3)
        try await environment.run(exchange: try environment.exchange()) {
            func command(_ number: Int, from: String = "DE-MSP", _ url: String) throws -> RequestRecord {
                var record = try request(
                    .commands, .receiver, .post, path: "START_SESSION", body: #"{"response_url":"\#(url)/\#(number)"}"#)
                record.from = try #require(PartyID(from))
                record.requestID = "\(from) \(number)"
                return record
            }
            // Too long to be sealed.
            let long = "/" + String(repeating: "r", count: 255)
            for number in 1...3 { #expect(try await environment.ask(command(number, environment.msp.url + long)).outcome == .answered) }
            let refused = try await environment.ask(command(4, environment.msp.url + long))
            #expect(refused.outcome == .refused && refused.status == .clientError && refused.message?.contains("3 hub URLs") == true)
            #expect(environment.cpo.recorded.count == 3)
            // A short URL needs no link, whatever its server.
            #expect(try await environment.ask(command(5, environment.msp.url + "/sender/commands")).outcome == .answered)
            #expect(try await environment.ask(command(6, environment.msp.url + "/r")).outcome == .answered)
            #expect(try await environment.ask(command(7, from: "DE-BIL", environment.service.url + long)).outcome == .answered)
        }
    }

    @Test func cdrsAndPagesTakeNoPlaceFromCommands() async throws {
        let long = String(repeating: "x", count: 255)
        let environment = try await DeliveryEnvironment(
            cpo: { seen in
                seen.method == .post && seen.target.hasSuffix("cdrs")
                    ? .answer(
                        201, [("Location", "/\(long)/\(seen.headers.first(name: "X-Correlation-ID") ?? "")")], #"{"status_code":1000}"#)
                    : .success
            }, maxLinksPerParty: 1)
        try await environment.run(exchange: try environment.exchange()) {
            func post(_ number: Int, _ origin: RequestOrigin = .local) async throws -> ReplyRecord {
                var cdr = try request(.cdrs, .receiver, .post, body: #"{"id":"\#(number)"}"#)
                (cdr.requestID, cdr.correlationID, cdr.origin) = ("cdr \(number)", "\(number)", origin)
                if origin != .local { cdr.from = try #require(PartyID("NL-CPO")) }
                return try await environment.ask(cdr)
            }
            // Here, and for another node, which could not call a URL that this node does not know.
            for origin in [RequestOrigin.local, .node("http://other.example")] {
                #expect(try await post(1, origin).headers["Location"] != nil)
                let further = try await post(2, origin)
                #expect(further.outcome == .answered && further.httpStatus == 201 && further.headers["Location"] == nil)
            }
            let command = try request(
                .commands, .receiver, .post, path: "START_SESSION", body: #"{"response_url":"\#(environment.msp.url)/\#(long)"}"#)
            let told = try await environment.ask(command)
            #expect(told.outcome == .answered, "\(told)")
        }
    }

    // MARK: Other nodes

    /// A URL that lies deeper below the endpoint of another module does not belong to this module: the other node could not request it
    /// unless it is stored.
    @Test func whatIsBelowAnotherModulesEndpointIsRememberedForAnotherNode() async throws {
        let environment = try await DeliveryEnvironment(cpo: { seen in
            guard seen.method == .get else { return .success }
            return .answer(200, [("Link", "</s/t/2>; rel=next")], #"{"status_code":1000,"data":[]}"#)
        })
        try await environment.run(exchange: try environment.exchange()) {
            let (msp, cpo) = (environment.msp.url, environment.cpo.url)
            try await environment.writer.write([
                .put(
                    .endpoints(
                        platform: "msp",
                        [
                            Endpoint(module: .commands, interface: .sender, url: msp + "/s"),
                            Endpoint(module: .sessions, interface: .sender, url: msp + "/s/sessions"),
                        ])),
                .put(
                    .endpoints(
                        platform: "cpo",
                        [
                            Endpoint(module: .locations, interface: .sender, url: cpo + "/s"),
                            Endpoint(module: .tariffs, interface: .sender, url: cpo + "/s/t"),
                        ])),
            ])
            var command = try request(
                .commands, .receiver, .post, path: "START_SESSION", body: #"{"response_url":"\#(msp)/s/sessions/r1"}"#)
            command.to = try #require(PartyID("NL-CPO"))
            let told = try await environment.ask(command)
            #expect(told.outcome == .answered, "\(told)")
            var list = try request(.locations, .sender, .get)
            (list.from, list.origin) = (command.to, .node("http://other.example"))
            #expect(try await environment.ask(list).outcome == .answered)
            for (kind, owner, url) in [
                (Capability.Kind.callback, command.from, msp + "/s/sessions/r1"), (.page, list.to, cpo + "/s/t/2"),
            ] {
                let given = Capability(
                    kind: kind, owner: owner, user: command.to, target: .url(url), expires: Timestamp(milliseconds: 0))
                #expect(await environment.capabilities.resolve(given.handedOutID)?.target == .url(url))
            }
        }
    }
}
