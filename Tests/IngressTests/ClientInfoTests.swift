import Directory
import Encoding
import HTTPTypes
import Hummingbird
import Inbound
import NIOCore
import Notary
import OCPI
import Synchronization
import Testing

@testable import Ingress

@Suite struct ClientInfoModuleTests {
    let caller = Platform(id: "me", tokenCHashes: ["h"], roles: [PlatformRole(role: "EMSP", party: party("DE-MSP"))])

    @Test func theListIsOrderedOldestFirstThenByPartyAndRole() throws {
        let page = try module().page(nil, for: caller, in: directory())
        #expect(page.objects.map(\.party.description) == ["AT-CPO", "DE-MSP", "NL-CPO", "DE-CPO", "DE-CPO"])
        #expect(page.objects.map(\.role) == ["CPO", "EMSP", "CPO", "CPO", "EMSP"])
        #expect(page.total == 5 && page.next == nil)
    }

    @Test func dateFromIsInclusiveAndDateToExclusiveInEverySpelling() throws {
        let cases: [(String, [String])] = [
            ("date_from=1970-01-01T00:00:02Z", ["DE-MSP", "NL-CPO", "DE-CPO", "DE-CPO"]),
            ("date_from=1970-01-01T00:00:02.001", ["NL-CPO", "DE-CPO", "DE-CPO"]),
            ("date_to=1970-01-01T00:00:03", ["AT-CPO", "DE-MSP"]),
            ("date_from=1970-01-01T00%3A00%3A02Z&date_to=1970-01-01T00:00:04.000Z", ["DE-MSP", "NL-CPO"]),
            ("date_from=1970-01-01T01:00:04%2B01:00", ["DE-CPO", "DE-CPO"]), ("date_to=1970-01-01T00:00:00Z", []),
            ("other=1", ["AT-CPO", "DE-MSP", "NL-CPO", "DE-CPO", "DE-CPO"]),
        ]
        for (query, parties) in cases {
            let page = try module().page(query, for: caller, in: directory())
            #expect(page.objects.map(\.party.description) == parties, "\(query)")
            #expect(page.total == parties.count && page.next == nil, "\(query)")
        }
    }

    @Test(arguments: [
        "date_from=", "date_from=yesterday", "date_to=2026-13-01T00:00:00Z", "date_from", "date_from=%2", "date_from=%zz", "offset=-1",
        "offset=x", "limit=0", "limit=-1", "limit=1.5", "limit=", "offset=99999999999999999999",
    ])
    func aQueryThatMakesNoSenseIs2001(query: String) {
        #expect(throws: OCPIError.self) { try module().page(query, for: caller, in: directory()) }
        do { _ = try module().page(query, for: caller, in: directory()) } catch { #expect(error.code == .invalidParameters) }
    }

    @Test func aCrawlGetsEverythingOnceKeepsItsFiltersAndEnds() throws {
        var query: String? = "date_from=1970-01-01T00:00:02Z&limit=3"
        var pages: [[String]] = []
        while let current = query {
            let page = try module(maxLimit: 2).page(current, for: caller, in: directory())
            #expect(page.total == 4)
            pages.append(page.objects.map { "\($0.party) \($0.role)" })
            query = page.next
            if let query { #expect(query == "date_from=1970-01-01T00:00:02Z&offset=2&limit=2") }
        }
        #expect(pages == [["DE-MSP EMSP", "NL-CPO CPO"], ["DE-CPO CPO", "DE-CPO EMSP"]])
        let beyond = try module().page("offset=10", for: caller, in: directory())
        #expect(beyond.objects.isEmpty && beyond.total == 5 && beyond.next == nil)
    }

    @Test func theRulesOfTheCallerHideOthersButNeverItsOwnParties() throws {
        let entry = OCNRules.Entry(party: party("NL-CPO"), modules: [])
        let cases: [(OCNRules.List, [OCNRules.Entry], [String])] = [
            (.whitelist, [entry], ["DE-MSP", "NL-CPO"]), (.whitelist, [], ["DE-MSP"]),
            (.blacklist, [entry], ["AT-CPO", "DE-MSP", "DE-CPO", "DE-CPO"]),
            (.blacklist, [OCNRules.Entry(party: party("DE-MSP"), modules: [])], ["AT-CPO", "DE-MSP", "NL-CPO", "DE-CPO", "DE-CPO"]),
        ]
        for (list, entries, parties) in cases {
            let directory = directory(
                [.rules(platform: "me", signatures: false, active: list)] + entries.map { .rule(platform: "me", list, $0) })
            let page = try module().page(nil, for: caller, in: directory)
            #expect(page.objects.map(\.party.description) == parties && page.total == parties.count)
        }
    }

    @Test func aConnectedPlatformWasUpdatedWhenThisProcessLastHeardOfIt() throws {
        let heard: [String: Int64] = ["me": 9_000, "cpo": 3_500, "off": 9_999]
        let extra: [Fact] = [
            .platform(Platform(id: "off", tokenCHashes: ["o"], roles: [PlatformRole(role: "NSP", party: party("DE-OFF"))])),
            .claim(PartyClaim(party: party("DE-OFF"), platform: "off", since: time(1))), .status(platform: "off", .offline, time(10)),
        ]
        let module = module(heard: { heard[$0].map(time) })
        let page = try module.page(nil, for: caller, in: directory(extra))
        let times = page.objects.map { "\($0.party) \($0.role) \($0.lastUpdated.milliseconds)" }
        #expect(
            times == ["DE-OFF NSP 10", "AT-CPO CPO 1000", "NL-CPO CPO 3000", "DE-CPO CPO 4000", "DE-CPO EMSP 4000", "DE-MSP EMSP 9000"])
    }

    @Test func theResponseHasTheHeadersOfAPageAndNoRoutingHeaders() async throws {
        var head = RequestHead(method: .get, path: "/ocpi/2.2.1/hubclientinfo", query: "limit=2")
        head.requestID = "r1"
        head.correlationID = "c1"
        let address = ResponseAddress(head)
        let first = try await Answer(try module().respond(head.query, caller, .v2_2_1, in: directory(), address))
        #expect(first.status == 200 && first.code == 1000)
        #expect(first["X-Total-Count"] == "5" && first["X-Limit"] == "1000")
        #expect(first["Link"] == #"<https://hub.example/ocpi/2.2.1/hubclientinfo?offset=2&limit=2>; rel="next""#)
        #expect(first["X-Request-ID"] == "r1" && first["X-Correlation-ID"] == "c1")
        #expect(first["OCPI-from-country-code"] == nil && first["OCPI-to-party-id"] == nil)
        #expect(
            first.json?["data"]?.array?.first?.text
                == #"{"party_id":"CPO","country_code":"AT","role":"CPO","status":"SUSPENDED","last_updated":"1970-01-01T00:00:01.000Z"}"#)
        let odd = try await Answer(try module().respond("x=<a>\"é%3E&limit=2", caller, .v2_2_1, in: directory(), address))
        #expect(odd["Link"] == #"<https://hub.example/ocpi/2.2.1/hubclientinfo?x=%3Ca%3E"%C3%A9%3E&offset=2&limit=2>; rel="next""#)
        let last = try await Answer(try module().respond("offset=4", caller, .v2_2, in: directory(), address))
        #expect(last["X-Total-Count"] == "5" && last["Link"] == nil)
    }

    private func module(maxLimit: Int = 1000, heard: @escaping @Sendable (String) -> Timestamp? = { _ in nil }) -> ClientInfoModule {
        ClientInfoModule(publicURL: "https://hub.example", maxLimit: maxLimit, lastHeard: heard)
    }

    private func directory(_ more: [Fact] = []) -> Directory {
        let facts: [Fact] = [
            .platform(caller), .claim(PartyClaim(party: party("DE-MSP"), platform: "me", since: time(1))),
            .status(platform: "me", .connected, time(2_000)),
            .platform(
                Platform(
                    id: "cpo", tokenCHashes: ["c"],
                    roles: [PlatformRole(role: "EMSP", party: party("DE-CPO")), PlatformRole(role: "CPO", party: party("DE-CPO"))])),
            .claim(PartyClaim(party: party("DE-CPO"), platform: "cpo", since: time(1))), .status(platform: "cpo", .connected, time(4_000)),
            .clientInfo(ClientInfo(party: party("NL-CPO"), role: "CPO", status: .offline, lastUpdated: time(3_000))),
            .clientInfo(ClientInfo(party: party("AT-CPO"), role: "CPO", status: .suspended, lastUpdated: time(1_000))),
        ]
        var directory = Directory(secrets: TestIngress.secrets)
        for fact in facts + more { directory.apply(key: fact.key, fact) }
        return directory
    }
}

@Suite struct ClientInfoEndpointTests {
    @Test func whatTheOperatorOfThePartySignedIsKept() async throws {
        let ingress = TestIngress()
        let answer = try await put(ingress, body("OFFLINE", 5_000), signedBy: ingress.remoteKey)
        #expect(answer.status == 200 && answer.code == 1000)
        #expect(told(ingress) == [ClientInfo(party: party("NL-REM"), role: "CPO", status: .offline, lastUpdated: time(5_000))])
    }

    @Test func theNewestCountsInWhateverOrderTheyArrive() async throws {
        let ingress = TestIngress()
        for (status, milliseconds, expected) in [
            ("CONNECTED", Int64(5_000), PlatformStatus.connected), ("OFFLINE", 4_999, .connected), ("OFFLINE", 5_000, .connected),
            ("OFFLINE", 5_001, .offline),
        ] {
            let answer = try await put(ingress, body(status, milliseconds), signedBy: ingress.remoteKey)
            #expect(answer.status == 200 && answer.code == 1000)
            #expect(told(ingress).map(\.status) == [expected])
        }
    }

    @Test func anotherSignerAnotherBodyAndNoSignatureAreRefusedInAnEnvelope() async throws {
        let ingress = TestIngress()
        let good = body("OFFLINE", 5_000)
        let signature = NodeSignature.sign(ByteBuffer(string: good), with: ingress.remoteKey)
        let cases: [(String, String?)] = [
            (good, NodeSignature.sign(ByteBuffer(string: good), with: SigningKey.generate())), (good, nil), (good, "0x00"),
            (good + " ", signature), (body("OFFLINE", 5_001), signature), (body("OFFLINE", 5_000, party: "ZZZ"), signature),
        ]
        for (body, signature) in cases {
            let answer = try await put(ingress, body, signature)
            #expect(answer.status == 400 && answer.code == 2001, "\(body) \(signature ?? "-")")
        }
        #expect(told(ingress).isEmpty)
    }

    @Test func whatIsNoClientInfoIsRefused() async throws {
        let ingress = TestIngress()
        let bodies = [
            "", "[]", "{", body("GONE", 5_000), body("OFFLINE", 5_000, role: ""), body("OFFLINE", 5_000, role: "a/b"),
            body("OFFLINE", 5_000, role: String(repeating: "C", count: 33)),
        ]
        for body in bodies {
            let answer = try await put(ingress, body, signedBy: ingress.remoteKey)
            #expect(answer.status == 400 && answer.code == 2001, "\(body)")
        }
        #expect(told(ingress).isEmpty)
    }

    /// A tree needs many times the memory of its text: an unauthenticated caller must not make the node build one.
    @Test func nothingButThePartyIsReadBeforeTheSignerIsKnown() async throws {
        let ingress = TestIngress()
        for text in [body("GONE", 5_000), body("OFFLINE", 5_000, role: "CPO2"), body("OFFLINE", 5_000, role: "")] {
            let refused = try await put(ingress, text, signedBy: .generate())
            #expect(refused.code == 2001 && refused.message?.contains("is not signed") == true, "\(refused.text)")
            let known = try await put(ingress, text, signedBy: ingress.remoteKey)
            #expect(known.code == 2001 && known.message?.contains("is not signed") == false, "\(known.text)")
        }
    }

    @Test func aNodeMakesUpNoRoles() async throws {
        let ingress = TestIngress()
        let madeUp = try await put(ingress, body("OFFLINE", 5_000, role: "CPO2"), signedBy: ingress.remoteKey)
        #expect(madeUp.status == 400 && madeUp.code == 2001)
        for role in ["EMSP", "emsp"] {
            #expect(try await put(ingress, body("OFFLINE", 5_000, role: role), signedBy: ingress.remoteKey).code == 1000)
        }
        #expect(told(ingress).map(\.role) == ["EMSP"])
        let listed = Fact.party(
            NetworkParty(party: party("NL-REM"), roles: ["PTP"], operatorAddress: ingress.remoteKey.address.hex, source: "test"))
        ingress.state.withLock { $0.directory.apply(key: listed.key, listed) }
        #expect(try await put(ingress, body("OFFLINE", 5_000, role: "PTP"), signedBy: ingress.remoteKey).code == 1000)
    }

    @Test func aClientInfoFromTheFutureDoesNotKeepOutThoseThatFollow() async throws {
        let ingress = TestIngress()
        let future = Timestamp.now.adding(milliseconds: 3_600_000).milliseconds
        let answer = try await put(ingress, body("SUSPENDED", future), signedBy: ingress.remoteKey)
        #expect(answer.status == 400 && answer.code == 2001 && told(ingress).isEmpty)
        let now = Timestamp.now.milliseconds
        #expect(try await put(ingress, body("CONNECTED", now), signedBy: ingress.remoteKey).code == 1000)
    }

    @Test func nobodyTellsThisNodeAboutItsOwnParties() async throws {
        let ingress = TestIngress()
        for own in ["CPO", "OFF"] {
            let text = body("SUSPENDED", 5_000, country: own == "CPO" ? "DE" : "FR", party: own)
            let answer = try await put(ingress, text, signedBy: ingress.remoteKey)
            #expect(answer.status == 400 && answer.code == 2001 && answer.message?.contains("party of this node") == true)
        }
        #expect(told(ingress).isEmpty)
    }

    @Test func aPartyThatWasListedAMomentAgoIsFound() async throws {
        let ingress = TestIngress()
        ingress.state.withLock {
            $0.waiting = [
                .party(NetworkParty(party: party("NL-NEW"), roles: ["CPO"], operatorAddress: ingress.remoteKey.address.hex, source: "test"))
            ]
        }
        let answer = try await put(ingress, body("CONNECTED", 5_000, party: "NEW"), signedBy: ingress.remoteKey)
        #expect(answer.status == 200 && told(ingress).map(\.party) == [party("NL-NEW")])
    }

    @Test func aStateThatCannotBeWrittenIsToldAndAnotherMethodIsNotAllowed() async throws {
        let ingress = TestIngress()
        ingress.state.withLock { $0.writeFails = true }
        let answer = try await put(ingress, body("CONNECTED", 5_000), signedBy: ingress.remoteKey)
        #expect(answer.status == 200 && answer.code == 3000)
        #expect(try await put(ingress, body("CONNECTED", 5_000), "x", method: "POST").status == 405)
    }

    // MARK: The other node

    private func body(
        _ status: String, _ milliseconds: Int64, country: String = "NL", party: String = "REM", role: String = "CPO"
    ) -> String {
        let time = Timestamp(milliseconds: milliseconds)
        return #"{"party_id":"\#(party)","country_code":"\#(country)","role":"\#(role)","status":"\#(status)","last_updated":"\#(time)"}"#
    }

    private func put(_ ingress: TestIngress, _ body: String, signedBy key: SigningKey) async throws -> Answer {
        try await put(ingress, body, NodeSignature.sign(ByteBuffer(string: body), with: key))
    }

    /// Calls the endpoint, and converts an error as the listener does.
    private func put(_ ingress: TestIngress, _ body: String, _ signature: String?, method: String = "PUT") async throws -> Answer {
        var fields = HTTPFields()
        if let name = HTTPField.Name("OCN-Signature") { fields[name] = signature }
        fields[.contentLength] = String(body.utf8.count)
        let request = Request(
            head: HTTPRequest(
                method: HTTPRequest.Method(method) ?? .put, scheme: "https", authority: "hub.example", path: "/ocn/client-info",
                headerFields: fields),
            body: RequestBody(buffer: ByteBuffer(string: body)))
        let head = RequestHead(request.head)
        let endpoint = ClientInfoEndpoint(
            nodeAddress: ingress.settings.nodeAddress, dependencies: ingress.dependencies,
            staleReadRetry: StaleReadRetry(dependencies: ingress.dependencies, catchUpLimiter: CatchUpLimiter(perSecond: 20)),
            bodyReader: BodyReader(pending: ingress.pending, limit: ingress.settings.bodyLimit, proxies: .init()),
            logger: TestIngress.silent)
        do {
            return try await Answer(endpoint.respond(request, head, IngressContext()))
        } catch let error as OCPIError {
            return try await Answer(.refusal(error, version: RequestDestination(head).version, ResponseAddress(head)))
        }
    }

    private func told(_ ingress: TestIngress) -> [ClientInfo] { ingress.state.withLock { $0.directory }.toldClientInfos }
}

private func time(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }
