import Encoding
import Kafka
import NIOCore
import OCPI
import Synchronization
import Testing
import Topics

@testable import Directory
@testable import Ingress

/// Requests that are addressed to the hub itself, or that name no receiver.
@Suite struct HubAddressedTests {
    static let toHub: [String: String?] = ["OCPI-to-country-code": "CH", "OCPI-to-party-id": "OCN"]
    static let toNobody: [String: String?] = ["OCPI-to-country-code": nil, "OCPI-to-party-id": nil]
    static let fromCPO: [String: String?] = [
        "Authorization": TestIngress.tokenCPO.authorization(encoding: .base64), "OCPI-from-party-id": "CPO",
    ]

    private func ingress(
        _ endpoints: [(String, ModuleID, InterfaceRole)] = [],
        answer: @escaping @Sendable (RequestRecord) -> ReplyRecord? = { TestIngress.ok($0) }
    ) -> TestIngress {
        let ingress = TestIngress(bodyLimit: 4096, answer: answer)
        for platform in Set(endpoints.map(\.0)) {
            let list = endpoints.filter { $0.0 == platform }.map {
                Endpoint(module: $0.1, interface: $0.2, url: "https://\(platform).example/\($0.1)/\($0.2.path)")
            }
            let fact = Fact.endpoints(platform: platform, list)
            ingress.state.withLock { $0.directory.apply(key: fact.key, fact) }
        }
        return ingress
    }

    // MARK: Broadcast Push

    @Test func aBroadcastIsRecordedForMatcherAndAnsweredByTheHub() async throws {
        let ingress = ingress()
        let body = #"{"id":"LOC1", "last_updated":"2026-01-01T00:00:00Z"}"#
        let answer = try await ingress.ask(
            "PUT", "/ocpi/receiver/2.2.1/locations/DE/CPO/LOC1", headers(Self.fromCPO.merging(Self.toHub) { $1 }), body: body)
        #expect(answer.status == 200 && answer.code == 1000)
        #expect(answer["OCPI-from-party-id"] == "OCN" && answer["OCPI-to-party-id"] == "CPO")
        let record = try #require(ingress.produced.first)
        #expect(record.to == party("CH-OCN") && record.from == party("DE-CPO") && record.reply == nil && record.deadline == nil)
        #expect(record.body.map { String(buffer: $0) } == body)
        #expect(record.key == "DE-CPO|locations|LOC1")
    }

    @Test func aBroadcastThatKafkaDoesNotTakeIsNotAnsweredWithSuccess() async throws {
        let ingress = ingress()
        ingress.state.withLock { $0.produceError = KafkaError(operation: "produce", code: -192) }
        let answer = try await ingress.ask(
            "DELETE", "/ocpi/receiver/2.2.1/tariffs/DE/CPO/T1", headers(Self.fromCPO.merging(Self.toHub) { $1 }))
        #expect(answer.status == 200 && answer.code == 4000)
    }

    @Test(
        arguments: [
            ("PUT", "locations/NL/REM/LOC1", nil), ("DELETE", "tariffs/DE/MSP/T1", nil), ("PUT", "locations/XXX/CPO/LOC1", nil),
            ("PUT", "locations/DE/CPO/LOC1", #"{"country_code":"NL","party_id":"REM"}"#),
            ("PATCH", "locations/DE/CPO/LOC1", #"{"party_id":"REM"}"#), ("PUT", "locations/N%4C/REM/LOC1", nil),
        ] as [(String, String, String?)])
    func nobodyBroadcastsObjectsOfAnotherParty(_ method: String, _ path: String, _ body: String?) async throws {
        let ingress = ingress()
        let answer = try await ingress.ask(
            method, "/ocpi/receiver/2.2.1/\(path)", headers(Self.fromCPO.merging(Self.toHub) { $1 }), body: body)
        #expect(answer.status == 200 && answer.code == 2001 && ingress.produced.isEmpty)
    }

    @Test func ownObjectsAndThoseOfASiblingAreBroadcast() async throws {
        let ingress = ingress()
        for (path, body) in [
            ("DE/CPO/LOC1", #"{"country_code":"de","party_id":"cpo"}"#), ("CH/CPO/LOC1/E1", #"{"uid":"E1"}"#), ("de/cpo/LOC1", "{}"),
            ("D%45/CP%4f/LOC1", #"{"country_code":"DE","party_id":"CPO"}"#),
        ] {
            let answer = try await ingress.ask(
                "PUT", "/ocpi/receiver/2.2.1/locations/\(path)", headers(Self.fromCPO.merging(Self.toHub) { $1 }), body: body)
            #expect(answer.code == 1000, "\(path)")
        }
    }

    // MARK: Open routing

    @Test func whoHasNoRoleForAModuleIsNotTakenForAnOwner() async throws {
        let ingress = ingress()
        let answer = try await ingress.ask("PUT", "/ocpi/receiver/2.2.1/locations/DE/MSP/LOC1", headers(), body: "{}")
        #expect(answer.code == 1000 && ingress.state.withLock { $0.objects.isEmpty })
    }

    @Test func aSessionFindsItsReceiverByTheTokensOwner() async throws {
        let ingress = ingress()
        let body = #"{"id":"S1","cdr_token":{"country_code":"DE","party_id":"MSP","uid":"1"}}"#
        let answer = try await ingress.ask(
            "PUT", "/ocpi/receiver/2.2.1/sessions/DE/CPO/S1", headers(Self.fromCPO.merging(Self.toNobody) { $1 }), body: body)
        #expect(answer.code == 1000 && answer["OCPI-from-party-id"] == "MSP")
        #expect(ingress.produced.first?.to == party("DE-MSP") && ingress.produced.first?.from == party("DE-CPO"))
    }

    @Test func aSessionThatWasSeenIsFoundWithoutItsToken() async throws {
        let ingress = ingress()
        let put = try await ingress.ask("PUT", "/ocpi/receiver/2.2.1/sessions/DE/CPO/S1", headers(Self.toMSP), body: #"{"id":"S1"}"#)
        #expect(put.code == 1000)
        let patch = try await ingress.ask(
            "PATCH", "/ocpi/receiver/2.2.1/sessions/DE/CPO/S1", headers(Self.fromCPO.merging(Self.toNobody) { $1 }), body: #"{"kwh":1}"#)
        #expect(patch.code == 1000 && ingress.produced.last?.to == party("DE-MSP"))

        let stop = try await ingress.ask(
            "POST", "/ocpi/receiver/2.2.1/commands/STOP_SESSION", headers(Self.toNobody),
            body: #"{"response_url":"https://msp.example/1","session_id":"s1"}"#)
        #expect(stop.code == 1000 && ingress.produced.last?.to == party("DE-CPO"))
    }

    @Test func theOnlyPartyThatCanBeMeantIsAsked() async throws {
        let ingress = ingress([("cpo", .tokens, .receiver)])
        // DE-CPO and CH-CPO are on the same platform, so the receiver is not yet unique.
        let unclear = try await ingress.ask("GET", "/ocpi/receiver/2.2.1/tokens/DE/MSP/1", headers(Self.toNobody))
        #expect(unclear.code == 4001 && ingress.produced.isEmpty)
        let left = Fact.claim(PartyClaim(party: party("CH-CPO"), platform: "cpo", since: Timestamp(milliseconds: 1))).key
        ingress.state.withLock { $0.directory.apply(key: left, nil) }
        let clear = try await ingress.ask("GET", "/ocpi/receiver/2.2.1/tokens/DE/MSP/1", headers(Self.toNobody))
        #expect(clear.code == 1000 && clear["OCPI-from-party-id"] == "CPO" && clear["OCPI-from-country-code"] == "DE")
    }

    @Test func aWriteForEverybodyWithoutReceiverIsBroadcast() async throws {
        let ingress = ingress([("cpo", .tokens, .receiver)])
        let answer = try await ingress.ask("PUT", "/ocpi/receiver/2.2.1/tokens/DE/MSP/1", headers(Self.toNobody), body: "{}")
        #expect(answer.code == 1000 && answer["OCPI-from-party-id"] == "OCN")
        #expect(ingress.produced.first?.to == party("CH-OCN") && ingress.produced.first?.reply == nil)
    }

    @Test func whatNobodyImplementsIsRefused() async throws {
        let ingress = ingress()
        let answer = try await ingress.ask("GET", "/ocpi/sender/2.2.1/locations/LOC1", headers(Self.toNobody))
        #expect(answer.status == 200 && answer.code == 4001 && ingress.produced.isEmpty)
    }

    @Test func halfAReceiverIsNotOpenRouting() async throws {
        let answer = try await ingress().ask(
            "PUT", "/ocpi/receiver/2.2.1/tokens/DE/MSP/1", headers(["OCPI-to-party-id": nil]), body: "{}")
        #expect(answer.code == 2001)
    }

    @Test func aHubURLSaysWhoseItIs() async throws {
        let ingress = TestIngress()
        let capability = Capability(
            kind: .page, owner: party("DE-CPO"), user: party("DE-MSP"), target: .url("https://cpo.example/ocpi/cdrs?offset=2"),
            expires: Timestamp.now.adding(milliseconds: 60_000))
        ingress.state.withLock { $0.capabilities["abc"] = capability }
        let answer = try await ingress.ask("GET", "/ocpi/sender/2.2.1/cdrs/page/abc", headers(Self.toNobody))
        #expect(answer.code == 1000 && answer["OCPI-from-party-id"] == "CPO")
    }

    static let toMSP: [String: String?] = fromCPO.merging(["OCPI-to-party-id": "MSP"]) { $1 }

    // MARK: GET All

    @Test func theListOfAllIsOneListInTheOrderOfTheParties() async throws {
        let ingress = ingress([("cpo", .cdrs, .sender)]) { request in
            TestIngress.list(request, of: request.to == party("DE-CPO") ? [1, 2, 3] : [7, 8])
        }
        let headers = headers(Self.toHub)
        var next: String? = "/ocpi/sender/2.2.1/cdrs?date_from=2026-01-01T00:00:00Z&limit=2"
        var ids: [Int] = []
        var pages = 0
        while let path = next, pages < 10 {
            let answer = try await ingress.ask("GET", path, headers)
            #expect(answer.code == 1000 && answer["X-Total-Count"] == "5" && answer["X-Limit"] == "1000")
            #expect(answer["OCPI-from-party-id"] == "OCN" && answer["OCPI-to-party-id"] == "MSP")
            ids += (answer.json?["data"]?.array ?? []).compactMap { $0["id"]?.int }
            next = answer["Link"].flatMap { link in
                #expect(link.hasPrefix("<https://hub.example/ocpi/sender/2.2.1/cdrs?") && link.hasSuffix(#">; rel="next""#))
                #expect(link.contains("date_from=2026-01-01T00:00:00Z"))
                return link.firstIndex(of: ">").map { String(link[..<$0].dropFirst("<https://hub.example".count)) }
            }
            pages += 1
        }
        #expect(ids == [7, 8, 1, 2, 3] && pages == 3)
        #expect(ingress.produced.filter { $0.reply != nil }.allSatisfy { $0.origin == .hub && $0.from == party("DE-MSP") })
        #expect(ingress.produced.count(where: { $0.reply == nil && $0.to == party("CH-OCN") && $0.origin == .local }) == 3)
    }

    @Test func theNextPageIsAURLWhateverTheCallerAskedFor() async throws {
        let ingress = ingress([("cpo", .cdrs, .sender)]) { TestIngress.list($0, of: [1, 2, 3]) }
        let answer = try await ingress.ask("GET", "/ocpi/sender/2.2.1/cdrs?x=<y>&limit=2", headers(Self.toHub))
        #expect(answer["Link"] == #"<https://hub.example/ocpi/sender/2.2.1/cdrs?x=%3Cy%3E&offset=2&limit=2>; rel="next""#)
    }

    /// This also applies to parties of the same platform.
    @Test func theListOfAllHasTheObjectsOfAPartyThatSharesThePlatform() async throws {
        let ingress = ingress([("cpo", .cdrs, .sender)]) { TestIngress.list($0, of: [1, 2]) }
        let answer = try await ingress.ask("GET", "/ocpi/sender/2.2.1/cdrs", headers(Self.fromCPO.merging(Self.toHub) { $1 }))
        #expect(answer.code == 1000 && answer["X-Total-Count"] == "2")
        #expect(Set(ingress.produced.filter { $0.reply != nil }.map(\.to)) == [party("CH-CPO")], "and not its own")
    }

    @Test func oneSilentPartyFailsTheWholeList() async throws {
        let ingress = ingress([("cpo", .cdrs, .sender)]) { request in
            guard request.to == party("DE-CPO") else { return TestIngress.list(request, of: [1]) }
            var reply = TestIngress.ok(request)
            (reply.outcome, reply.httpStatus, reply.status, reply.body) = (.timeout, nil, .timeout, nil)
            return reply
        }
        let answer = try await ingress.ask("GET", "/ocpi/sender/2.2.1/cdrs", headers(Self.toHub))
        #expect(answer.status == 200 && answer.code == 4002 && answer.message?.contains("DE-CPO") == true)
    }

    @Test(
        arguments: [
            ("[]", 0, ""), (" [ ] ", 0, " "), ("null", 0, ""), (#"[{"id":[1,2]} , [3],"],["]"#, 3, #"{"id":[1,2]} , [3],"],[""#),
            ("{}", nil, ""), ("7", nil, ""), (#""[]""#, nil, ""),
        ] as [(String, Int?, String)])
    func theObjectsOfAListAreCountedAndStayAsTheyAre(_ data: String, _ count: Int?, _ objects: String) throws {
        let reply = ReplyRecord(
            requestID: "1", requestType: "test", address: ReplyAddress(partition: 0, epoch: 0), from: party("DE-CPO"), time: .now,
            outcome: .answered, httpStatus: 200, contentType: "application/json",
            body: ByteBuffer(string: #"{"data":\#(data),"status_code":1000}"#))
        let part = try? ListPart(reply)
        #expect(part?.count == count && String(buffer: part?.objects ?? ByteBuffer()) == objects)
    }

    @Test func afterAFailureNobodyElseIsAsked() async {
        let asked = Shared(0)
        let list = ListOfAll(maxLimit: 10, bodyLimit: 1000, allowsPartial: false) { _, _ throws(OCPIError) in
            asked.withLock { $0 += 1 }
            throw OCPIError(code: .timeout, message: "no answer")
        }
        let parties = (100..<999).map { party("DE-\($0)") }
        await #expect(throws: OCPIError.self) { try await list.page(try ListQuery(nil), of: parties) }
        #expect(asked.withLock { $0 } < 100)
    }

    @Test func aListOfAllTakesNoLongerThanARequestToOneParty() async throws {
        let ingress = TestIngress(timeout: .zero, answer: { TestIngress.list($0, of: [1]) })
        let answer = try await ingress.ask("GET", "/ocpi/sender/2.2.1/cdrs", headers(Self.toHub))
        #expect(answer.code == 4002)
    }

    @Test func aPartyThatGivesMoreThanItWasAskedForHidesNothingOfTheNextOne() async throws {
        // DE-CPO comes after CH-CPO, which does not support pagination.
        let ingress = ingress([("cpo", .cdrs, .sender)]) { request in
            guard request.to == party("CH-CPO") else { return TestIngress.list(request, of: [7, 8, 9]) }
            var all = request
            all.query = nil
            return TestIngress.list(all, of: [1, 2, 3])
        }
        let answer = try await ingress.ask("GET", "/ocpi/sender/2.2.1/cdrs?offset=2&limit=10", headers(Self.toHub))
        let ids = (answer.json?["data"]?.array ?? []).compactMap { $0["id"]?.int }
        #expect(Array(ids.suffix(3)) == [7, 8, 9] && answer["Link"] == nil)
    }

    @Test(arguments: ["", #","data":null"#, #","data":[]"#]) func aListThatIsAbsentOrNullIsEmpty(_ data: String) async throws {
        let ingress = ingress([("cpo", .cdrs, .sender)]) { request in
            var reply = TestIngress.ok(request)
            reply.body = ByteBuffer(string: #"{"status_code":1000\#(data),"timestamp":"2026-01-01T00:00:00Z"}"#)
            return reply
        }
        let answer = try await ingress.ask("GET", "/ocpi/sender/2.2.1/cdrs", headers(Self.toHub))
        #expect(answer.code == 1000 && answer.json?["data"]?.array?.isEmpty == true && answer["X-Total-Count"] == "0")
    }

    @Test func thereIsNo4000InVersion2_2() async throws {
        let ingress = ingress([("cpo", .cdrs, .sender)]) { request in
            var reply = TestIngress.ok(request)
            reply.body = ByteBuffer(string: #"{"status_code":1000,"data":{},"timestamp":"2026-01-01T00:00:00Z"}"#)
            return reply
        }
        #expect(try await ingress.ask("GET", "/ocpi/sender/2.2/cdrs", headers(Self.toHub)).code == 3000)
        #expect(try await ingress.ask("GET", "/ocpi/sender/2.2.1/cdrs", headers(Self.toHub)).code == 4000)
    }

    @Test func anOfflinePartyFailsTheWholeList() async throws {
        let ingress = ingress([("cpo", .cdrs, .sender)]) { TestIngress.list($0, of: [1]) }
        let offline = Fact.status(platform: "cpo", .offline, .now)
        ingress.state.withLock { $0.directory.apply(key: offline.key, offline) }
        #expect(try await ingress.ask("GET", "/ocpi/sender/2.2.1/cdrs", headers(Self.toHub)).code == 4003)
    }

    @Test func aListOfNobodyIsEmpty() async throws {
        let answer = try await ingress().ask("GET", "/ocpi/sender/2.2.1/tariffs", headers(Self.toHub))
        #expect(
            answer.code == 1000 && answer.json?["data"]?.array?.isEmpty == true && answer["X-Total-Count"] == "0" && answer["Link"] == nil)
    }

    @Test(arguments: ["limit=0", "limit=x", "offset=-1", "offset=99999999999999999999"])
    func badPagesAreRefused(_ query: String) async throws {
        let answer = try await ingress().ask("GET", "/ocpi/sender/2.2.1/tariffs?\(query)", headers(Self.toHub))
        #expect(answer.status == 200 && answer.code == 2001)
    }

    // MARK: Who is not called

    @Test(arguments: [PlatformStatus.offline, .planned, .suspended])
    func aPartyThatIsNotConnectedIsNotCalled(_ status: PlatformStatus) async throws {
        let ingress = ingress()
        let fact = Fact.status(platform: "cpo", status, .now)
        ingress.state.withLock { $0.directory.apply(key: fact.key, fact) }
        let answer = try await ingress.ask("GET", "/ocpi/sender/2.2.1/locations", headers())
        #expect(answer.status == 200 && answer.code == 4003 && ingress.produced.isEmpty)
    }

    @Test func aBlacklistedSenderIsRefusedForTheModulesListed() async throws {
        let ingress = ingress()
        for fact in [
            Fact.rules(platform: "cpo", signatures: false, active: .blacklist),
            .rule(platform: "cpo", .blacklist, OCNRules.Entry(party: party("DE-MSP"), modules: [.locations])),
        ] {
            ingress.state.withLock { $0.directory.apply(key: fact.key, fact) }
        }
        let old = try await ingress.ask("GET", "/ocpi/sender/2.2/locations", headers(["OCPI-from-party-id": "msp"]))
        #expect(old.status == 400 && old.code == 2000)
        #expect(old.message == "Sender not whitelisted to request locations from receiver.")
        #expect(try await ingress.ask("GET", "/ocpi/sender/2.2.1/locations", headers()).status == 200)
        #expect(ingress.produced.isEmpty)
        #expect(try await ingress.ask("GET", "/ocpi/sender/2.2.1/cdrs", headers()).code == 1000)
    }

    @Test func customModulesAnswerInTheDialectOfThePlatform() async throws {
        let ingress = ingress()
        let off = headers(["OCPI-to-country-code": "FR", "OCPI-to-party-id": "OFF"])
        for fact in [
            Fact.rules(platform: "cpo", signatures: false, active: .whitelist),
            .platform(
                Platform(
                    id: "msp", tokenCHashes: [TokenHash.of(TestIngress.tokenMSP)], version: .v2_2,
                    roles: [PlatformRole(role: "EMSP", party: party("DE-MSP"))])),
        ] {
            ingress.state.withLock { $0.directory.apply(key: fact.key, fact) }
        }
        #expect(try await ingress.ask("GET", "/ocpi/custom/sender/parking", headers()).status == 400)
        #expect(try await ingress.ask("GET", "/ocpi/custom/sender/parking", off).code == 4003)
    }

    @Test func everyRequestOfAPlatformShowsThatItIsAlive() async throws {
        let ingress = ingress()
        _ = try await ingress.ask("GET", "/ocpi/sender/2.2.1/locations", headers())
        #expect(ingress.state.withLock { $0.heard } == ["msp"])
    }
}

extension TestIngress {
    /// A page of objects with these ids, cut as the query of the request demands.
    static func list(_ request: RequestRecord, of ids: [Int]) -> ReplyRecord {
        var offset = 0
        var limit = ids.count
        for pair in (request.query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=")
            if parts.first == "offset" { offset = parts.last.flatMap { Int($0) } ?? 0 }
            if parts.first == "limit" { limit = parts.last.flatMap { Int($0) } ?? 0 }
        }
        let objects = ids.dropFirst(offset).prefix(limit).map { #"{"id":\#($0)}"# }.joined(separator: " , ")
        var reply = TestIngress.ok(request)
        reply.body = ByteBuffer(string: #"{"status_code":1000,"data": [ \#(objects) ],"timestamp":"2026-01-01T00:00:00Z"}"#)
        reply.headers.append("X-Total-Count", String(ids.count))
        return reply
    }
}
