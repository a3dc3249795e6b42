import Encoding
import NIOCore
import NIOHTTP1
import OCPI
import Testing
import Topics

@testable import Delivery
@testable import Directory
@testable import Outbound

@Suite struct LinkHeaderTests {
    @Test(arguments: [
        (#"<https://a/next>; rel="next""#, "https://a/next"),
        (#"<https://a/next>;rel=next"#, "https://a/next"),
        (#"<https://a/next> ; REL = "NEXT""#, "https://a/next"),
        (#"<https://a/first>; rel="first", <https://a/next>; rel="next""#, "https://a/next"),
        (#"<https://a/prev>; rel="prev",<https://a/next>; rel="next",<https://a/last>; rel=last"#, "https://a/next"),
        (#"<https://a/n>; rel="last next""#, "https://a/n"),
        (#"<https://a/n?x=1,2;y=<3>; rel="next""#, "https://a/n?x=1,2;y=<3"),
        (#"<https://a/n>; title="a, b; rel=\"prev\""; rel=next"#, "https://a/n"),
        (#"<https://a/n>; rel=next; rel=prev"#, "https://a/n"),
        (#", ,<https://a/n>; rel=next"#, "https://a/n"),
        (#"<>; rel=next"#, ""),
        (#"<https://a/n>; rel='next'"#, "https://a/n"), (#"<https://a/p>; rel='prev', <https://a/n>; rel='last next'"#, "https://a/n"),
        (#"<https://a/n>; title="it's"; rel='next'"#, "https://a/n"),
    ])
    func findsTheNextPage(_ header: String, _ expected: String) {
        #expect(LinkHeader.next(in: [header]) == expected)
    }

    @Test(arguments: [
        "", "next", "<https://a/n", "<https://a/n>", #"<https://a/n>; rel="prev""#, #"<https://a/n>; rel="nextish""#,
        #"<https://a/n>; rev="next""#, #"<https://a/n>; rel=prev; rel=next"#, #"<https://a/n>; rel="#, #"<https://a/n>; rel="nex"#,
        #"<https://a/n>; title="x>; rel=next"#, #"<https://a/n>; rel='prev'"#, #"<https://a/n>; rel='prev; rel=next"#,
    ])
    func findsNoneWhereThereIsNone(_ header: String) {
        #expect(LinkHeader.next(in: [header]) == nil)
    }

    @Test func readsSeveralHeaders() {
        #expect(LinkHeader.next(in: [#"<https://a/f>; rel="first""#, #"<https://a/n>; rel="next""#]) == "https://a/n")
    }

    @Test func writesWhatItReads() {
        #expect(LinkHeader.next(in: [LinkHeader.next("https://hub/x?y=1")]) == "https://hub/x?y=1")
    }
}

@Suite struct RewritesTests {
    private func found(_ record: RequestRecord) throws -> Rewrites.ResponseURL { try #require(try Rewrites.responseURL(of: record)) }

    private func replacing(_ record: RequestRecord, with url: String) throws -> RequestRecord {
        Rewrites.replacing(try found(record), with: url, in: record, key: try #require(Fixture.key))
    }

    private func isRefused(_ record: RequestRecord) -> Bool {
        do {
            return try Rewrites.responseURL(of: record) != nil && false
        } catch {
            return error.outcome == .refused && error.error.code == .invalidParameters
        }
    }

    @Test func responseURLIsReplacedAndNoOtherByteChanges() throws {
        let before = #"{ "token" : {"uid":"1","response_url":"inner"},"#
        let after = #" ,"n": 1.10, "unicode":"\u00e9 é", "location_id":"L"}"#
        let record = try request(
            .commands, .receiver, .post, path: "START_SESSION",
            body: before + #""response_url":"https://emsp.example\/cb?x=\u0031""# + after)
        #expect(try found(record).url == "https://emsp.example/cb?x=1")
        let changed = try replacing(record, with: "https://hub/cb/1")
        #expect(changed.body == ByteBuffer(string: before + #""response_url":"https://hub/cb/1""# + after))
    }

    @Test(arguments: [
        "", "{}", "[]", "null", #"{"response_url":1}"#, #"{"response_url":"x"}"#, #"{"response_url":"ftp://a/b"}"#,
        #"{"response_url":"https://a/b""#, #"{"response_url":"https://user@a/b"}"#, #"{"response_url":"https://a/b c"}"#,
        #"{"response_url":"https://a/b\r\nX: y"}"#, nil,
    ])
    func aBodyWithoutResponseURLIsRefused(_ body: String?) throws {
        #expect(isRefused(try request(.commands, .receiver, .post, path: "START_SESSION", body: body)))
    }

    @Test(arguments: [
        (
            "duration=900&response_url=https%3A%2F%2Fa.example%2Fcb%2F1%3Fx%3D%25&x=%2f", "https://a.example/cb/1?x=%", "duration=900&",
            "&x=%2f"
        ),
        ("response_url=https://a.example/cb?x=1", "https://a.example/cb?x=1", "", ""),
        ("&&%72esponse_url=https://a.example/a+b&", "https://a.example/a+b", "&&", "&"),
    ])
    func responseURLInTheQueryIsReplacedAndNoOtherByteChanges(_ query: String, _ url: String, _ before: String, _ after: String) throws {
        for method in [OCPI.Method.get, .delete] {
            let record = try request(.chargingprofiles, .receiver, method, path: "S1", query: query)
            #expect(try found(record).url == url)
            let name = query.contains("%72") ? "%72esponse_url" : "response_url"
            #expect(
                try replacing(record, with: "https://hub/t-1?").query == before + name + "=https%3A%2F%2Fhub%2Ft-1%3F" + after)
        }
    }

    @Test(arguments: [
        nil, "", "duration=900", "response_url", "response_url=", "response_url=x", "response_url=ftp%3A%2F%2Fa",
        "response_url=https://a/1&response_url=https://a/2", "response_url=https://a/1&%72esponse_url=https://a/2",
        "response_url=https://a/%0D%0A", "Response_url=https://a/1",
    ])
    func aQueryWithoutExactlyOneResponseURLIsRefused(_ query: String?) throws {
        #expect(isRefused(try request(.chargingprofiles, .receiver, .get, path: "S1", query: query)))
        #expect(isRefused(try request(.chargingprofiles, .receiver, .delete, path: "S1", query: query)))
    }

    @Test func aURLThatIsTooLongIsRefused() throws {
        let url = "https://a.example/" + String(repeating: "x", count: URLJoin.maxLength)
        #expect(isRefused(try request(.chargingprofiles, .receiver, .get, path: "S1", query: "response_url=" + url)))
        #expect(isRefused(try request(.chargingprofiles, .receiver, .put, path: "S1", body: #"{"response_url":"\#(url)"}"#)))
    }

    @Test func onlyCommandsAndChargingProfilesHaveOne() throws {
        let body = #"{"response_url":"https://a/b"}"#
        #expect(try found(try request(.chargingprofiles, .receiver, .put, path: "S1", body: body)).place == .body)
        #expect(try Rewrites.responseURL(of: try request(.commands, .sender, .post, path: "START_SESSION/token", body: body)) == nil)
        #expect(try Rewrites.responseURL(of: try request(.cdrs, .receiver, .post, body: body)) == nil)
        #expect(
            try Rewrites.responseURL(of: try request(.chargingprofiles, .sender, .put, path: "S1", query: "response_url=x", body: body))
                == nil)
    }

    @Test func aReservationMayBeCancelledAsLongAsItStands() throws {
        let now = Timestamp(milliseconds: 1_000_000)
        func expiry(_ path: String, _ date: String) throws -> Int64 {
            let record = try request(.commands, .receiver, .post, path: path, body: #"{"expiry_date":"\#(date)"}"#)
            return Capability.callbackExpiry(record.module, path: record.path, body: record.body, now: now, lifetime: 500).milliseconds
        }
        #expect(try expiry("RESERVE_NOW", "1970-01-03T00:00:00Z") == 2 * 86_400_000 + 500)
        #expect(try expiry("RESERVE_NOW", "1969-01-01T00:00:00Z") == 1_000_500)
        #expect(try expiry("RESERVE_NOW", "9999-01-01T00:00:00Z") == 1_000_500 + 365 * 86_400_000)
        #expect(try expiry("RESERVE_NOW", "soon") == 1_000_500)
        #expect(try expiry("START_SESSION", "1970-01-03T00:00:00Z") == 1_000_500)
    }

    /// The reference nodes serve 2.2 only, and receive results of charging profiles at another path than they advertise.
    @Test func resultsComeToAnotherNodeWhereItServesThem() throws {
        func prefix(_ module: ModuleID, _ path: String, verbatim: Bool) throws -> String {
            let node = NetworkNode(operatorAddress: "0x2", url: "https://node/", isVerbatim: verbatim, source: "file")
            return Rewrites.callbackPrefix(at: node, for: try request(module, .receiver, .post, path: path))
        }
        #expect(try prefix(.commands, "STOP_SESSION", verbatim: false) == "https://node/ocpi/sender/2.2/commands/STOP_SESSION/")
        #expect(try prefix(.commands, "STOP_SESSION", verbatim: true) == "https://node/ocpi/sender/2.2.1/commands/STOP_SESSION/")
        for (isVerbatim, version) in [(false, "2.2"), (true, "2.2.1")] {
            let url = try prefix(.chargingprofiles, "S1", verbatim: isVerbatim)
            #expect(url == "https://node/ocpi/\(version)/sender/chargingprofiles/result/")
            // A node of this project receives it there.
            let route = Route.parse(path: String(url.dropFirst("https://node".count)) + "id")
            guard case .module(let place)? = route else {
                Issue.record("\(url) is nowhere")
                continue
            }
            #expect(place.module == .chargingprofiles && place.interface == .sender && place.remainder == "result/id")
            #expect(ModuleTable.capability(.post, place) != nil)
        }
    }

    @Test func aLongSessionIDLeavesRoomForTheToken() throws {
        func prefix(_ path: String) throws -> String {
            Rewrites.prefix(
                .callback, for: try request(.chargingprofiles, .receiver, .put, path: path), base: "https://hub", version: .v2_2)
        }
        #expect(try prefix("S1") == "https://hub/ocpi/sender/2.2/chargingprofiles/S1/")
        #expect(try prefix(String(repeating: "s", count: 250)) == "https://hub/ocpi/sender/2.2/chargingprofiles/")
    }

    @Test func onlyAnswersOf200Or201And1000AreSuccess() {
        func isSuccess(_ status: Int, _ body: String) -> Bool {
            Rewrites.isSuccess(status, AnswerStatus(ByteBuffer(string: body)))
        }
        #expect(isSuccess(200, #"{"status_code":1000}"#) && isSuccess(201, #"{"data":{"status_code":2000},"status_code":1000}"#))
        #expect(!isSuccess(200, #"{"status_code":2001}"#) && !isSuccess(404, #"{"status_code":1000}"#) && !isSuccess(200, "OK"))
    }

    @Test func hubURLsBeginWhereTheHubServesThem() throws {
        let command = try request(.commands, .receiver, .post, path: "START_SESSION")
        #expect(
            Rewrites.prefix(.callback, for: command, base: "https://hub.example/", version: .v2_2_1)
                == "https://hub.example/ocpi/sender/2.2.1/commands/START_SESSION/")
        #expect(
            Rewrites.prefix(.callback, for: command, base: "https://node", version: .v2_2)
                == "https://node/ocpi/sender/2.2/commands/START_SESSION/")
        #expect(
            Rewrites.prefix(.page, for: try request(.tariffs, .sender, .get), base: "https://hub", version: .v2_2)
                == "https://hub/ocpi/sender/2.2/tariffs/page/")
        #expect(
            Rewrites.prefix(.object, for: try request(.cdrs, .receiver, .post), base: "https://hub", version: .v2_2_1)
                == "https://hub/ocpi/receiver/2.2.1/cdrs/")
    }

    @Test func hubURLsLeadWhereTheyAreResolved() throws {
        for (kind, request) in [
            (Capability.Kind.callback, try request(.commands, .receiver, .post, path: "STOP_SESSION")),
            (.callback, try request(.chargingprofiles, .receiver, .put, path: "S1")),
            (.callback, try request(.chargingprofiles, .receiver, .delete, path: "S1")),
            (.callback, try request(.chargingprofiles, .receiver, .get, path: String(repeating: "s", count: 300))),
            (.page, try request(.locations, .sender, .get)), (.object, try request(.cdrs, .receiver, .post)),
        ] {
            let path = Rewrites.prefix(kind, for: request, base: "", version: .v2_2_1) + "token"
            guard case .module(let route) = Route.parse(path: path) else {
                Issue.record("no route for \(path)")
                continue
            }
            let method: OCPI.Method = kind == .callback ? .post : .get
            let expected: CapabilityUse =
                switch kind {
                case .callback: .callback(token: "token")
                case .page: .page(token: "token")
                case .object: .object(token: "token")
                }
            #expect(ModuleTable.capability(method, route) == expected)
        }
    }

    @Test func answersHaveAtMostOneURLOfTheirOwn() throws {
        let list = try request(.locations, .sender, .get)
        let cdr = try request(.cdrs, .receiver, .post)
        let headers: HTTPHeaders = ["Link": #"<https://a/n>; rel="next""#, "Location": "https://a/1"]
        #expect(Rewrites.answerURL(list, status: 200, headers)?.url == "https://a/n")
        #expect(Rewrites.answerURL(cdr, status: 201, headers)?.url == "https://a/1")
        #expect(Rewrites.answerURL(cdr, status: 500, headers) == nil)
        #expect(Rewrites.answerURL(try request(.tokens, .receiver, .get, path: "DE/MSP/1"), status: 200, headers) == nil)
        #expect(Rewrites.answerURL(list, status: 404, headers) == nil)
        #expect(Rewrites.answerURL(try request(.tokens, .receiver, .put, path: "DE/MSP/1"), status: 200, headers) == nil)
    }

    @Test func onlyFiveHeadersPass() {
        let headers: HTTPHeaders = [
            "link": "<a>; rel=first", "Link": "<b>; rel=next", "X-LIMIT": "5", "x-total-count": "12", "Set-Cookie": "x", "Server": "y",
            "Location": "z", "OCN-Signature": "s",
        ]
        let passed = Dictionary(
            uniqueKeysWithValues: Rewrites.passedHeaders(OutboundResponse(status: 200, headers: headers)).map { ($0.name, $0.value) })
        #expect(
            passed == [
                "Link": "<a>; rel=first, <b>; rel=next", "X-Limit": "5", "X-Total-Count": "12", "Location": "z", "OCN-Signature": "s",
            ])
    }

    @Test func relativeURLsAreReadAgainstTheOneThatWasCalled() {
        #expect(Rewrites.absolute("https://a/b", calledAt: nil) == "https://a/b")
        #expect(Rewrites.absolute("/cdrs/1", calledAt: "https://cpo.example/ocpi/cdrs") == "https://cpo.example/cdrs/1")
        #expect(
            Rewrites.absolute("?offset=1#x", calledAt: "https://CPO.example/ocpi/cdrs?offset=0") == "https://CPO.example/ocpi/cdrs?offset=1"
        )
        #expect(Rewrites.absolute("/a b\u{7F}|%", calledAt: "https://cpo.example") == "https://cpo.example/a%20b%7F|%")
        // An invalid result is refused.
        #expect(Rewrites.absolute("/cdrs/1", calledAt: nil) == "/cdrs/1")
        #expect(Rewrites.absolute("javascript:1", calledAt: "https://a/b") == "javascript:1")
    }

    private func capability(_ target: Capability.Target) throws -> Capability {
        Capability(
            kind: .page, owner: try #require(PartyID("DE-CPO")), user: try #require(PartyID("DE-MSP")), target: target,
            expires: Timestamp(milliseconds: 0))
    }

    @Test func aURLOfMoreThan255CharactersBecomesALink() throws {
        let below = try capability(.below(.locations, .sender, remainder: "?offset=1"))
        var asked: Int?
        func make(_ length: Int) -> HubURL {
            HubURL(
                prefix: "https://hub/", capability: below,
                seal: { _, limit in
                    asked = limit
                    return length <= limit ? String(repeating: "t", count: length) : nil
                }, newID: { "id" })
        }
        guard case .sealed(let url) = make(243) else {
            Issue.record("not sealed")
            return
        }
        #expect(url.utf8.count == 255)
        #expect(asked == 243)
        guard case .link(let link, _, "id") = make(244) else {
            Issue.record("not a link")
            return
        }
        #expect(link == "https://hub/id")
    }

    @Test func whatIsNotBelowAnEndpointIsSealedTooIfItIsShortEnough() throws {
        let secrets = Fixture.secrets
        for (length, isSealed) in [(10, true), (80, true), (200, false), (2000, false)] {
            let url = "https://elsewhere/" + String(repeating: "x", count: length)
            let made = HubURL(
                prefix: "https://hub.example/ocpi/receiver/2.2.1/cdrs/", capability: try capability(.url(url)),
                seal: { capability, limit in
                    secrets.sealBytes(capability.sealedForm, for: .url).flatMap { $0.utf8.count <= limit ? $0 : nil }
                }, newID: { "id" })
            if case .sealed = made { #expect(isSealed) } else { #expect(!isSealed) }
            #expect(made.url.utf8.count <= 255)
        }
    }
}

/// A request from DE-MSP to DE-CPO.
func request(
    _ module: ModuleID, _ interface: InterfaceRole, _ method: OCPI.Method, path: String = "", query: String? = nil, body: String? = nil
) throws -> RequestRecord {
    RequestRecord(
        id: UUIDText.v7(), time: .now, module: module, interface: interface, method: method, version: .v2_2_1,
        from: try #require(PartyID("DE-MSP")), to: try #require(PartyID("DE-CPO")), path: path, query: query, requestID: "request-1",
        correlationID: "correlation-1", stateVersion: 0, deadline: Timestamp.now.adding(milliseconds: 10_000),
        reply: ReplyAddress(partition: 0, epoch: 7), body: body.map { ByteBuffer(string: $0) })
}
