import Credentials
import Encoding
import NIOCore
import OCPI
import Synchronization
import Testing

@testable import Directory
@testable import Ingress

@Suite struct CredentialsTests {
    static func body(token: String = "peer-token-b", roles: [(String, String)] = [("CPO", "AT-NEW")]) -> String {
        let list: [JSONValue] = roles.map { role, id in
            [
                "role": .string(role), "party_id": .string(String(id.suffix(3))), "country_code": .string(String(id.prefix(2))),
                "business_details": ["name": "New"],
            ]
        }
        return JSONValue.object(["token": .string(token), "url": "https://new.example/versions", "roles": .array(list)]).text
    }

    static let good: @Sendable (String, String) -> PeerAnswer? = { url, _ in
        switch url {
        case "https://new.example/versions":
            PeerAnswer(
                httpStatus: 200,
                body: ByteBuffer(
                    string: #"""
                        {"status_code":1000,"timestamp":"t","data":[{"version":"9.9","url":"https://new.example/9.9"},
                        {"version":"2.2","url":"https://new.example/2.2"},{"version":"2.2.1","url":"https://new.example/2.2.1"}]}
                        """#))
        case "https://new.example/2.2.1", "https://new.example/2.2":
            PeerAnswer(
                httpStatus: 200,
                body: ByteBuffer(
                    string: #"""
                        {"status_code":1000,"timestamp":"t","data":{"version":"2.2.1","endpoints":[
                        {"identifier":"credentials","url":"https://new.example/cred"},
                        {"identifier":"locations","role":"SENDER","url":"https://new.example/loc"},
                        {"identifier":"Parking","role":"RECEIVER","url":"https://new.example/park"},
                        {"identifier":"cdrs","role":"SOMETHING","url":"https://new.example/x"},
                        {"identifier":"tunnel","role":"RECEIVER","url":"wss://new.example/t"},
                        {"identifier":"tokens","role":"RECEIVER"}]}}
                        """#))
        default: nil
        }
    }

    static let tokenA = ["Authorization": "Token new-token-a"]

    private func directory(_ ingress: TestIngress) -> Directory { ingress.state.withLock { $0.directory } }

    // MARK: Registration

    @Test(arguments: OCPIVersion.allCases)
    func registrationConnectsThePlatform(_ version: OCPIVersion) async throws {
        let ingress = TestIngress(peer: Self.good)
        let answer = try await ingress.ask("POST", "/ocpi/\(version.rawValue)/credentials", Self.tokenA, body: Self.body())
        #expect(answer.status == 200)
        #expect(answer.code == 1000)
        let data = try #require(answer.json?["data"])
        let tokenC = try #require(data["token"]?.string)
        #expect(tokenC.utf8.count == 43)
        #expect(data["url"]?.string == "https://hub.example/ocpi/versions")
        #expect(
            data["roles"]?.text
                == #"[{"role":"HUB","business_details":{"name":"Open Charging Network Node"},"party_id":"OCN","country_code":"CH"}]"#)

        let directory = directory(ingress)
        let platform = try #require(directory.platform(of: party("AT-NEW")))
        #expect(platform.id == "new")
        #expect(platform.version == version)
        #expect(platform.tokenAHash == nil)
        #expect(platform.tokenCHashes == [TokenHash.of(Token(tokenC))])
        #expect(platform.outboundToken?.text.contains("peer-token-b") == false)
        #expect(directory.outboundToken(of: "new")?.raw == "peer-token-b")
        #expect(directory.authorization(for: platform) == "Token cGVlci10b2tlbi1i")
        #expect(platform.roles.first?.businessDetails?["name"]?.string == "New")
        #expect(directory.status(of: "new") == .connected)
        #expect(
            directory.endpoints(of: "new") == [
                Endpoint(module: .credentials, interface: .sender, url: "https://new.example/cred"),
                Endpoint(module: .locations, interface: .sender, url: "https://new.example/loc"),
                Endpoint(module: ModuleID(rawValue: "parking"), interface: .receiver, url: "https://new.example/park"),
            ])

        // Token A is invalid now, token C is valid.
        let dead = try await ingress.ask("GET", "/ocpi/2.2.1/credentials", Self.tokenA)
        #expect(dead.status == 401)
        let alive = try await ingress.ask("GET", "/ocpi/2.2.1/credentials", ["Authorization": "Token \(tokenC)"])
        #expect(alive.status == 200)
        #expect(alive.json?["data"]?["token"]?.string == tokenC)
        #expect(ingress.produced.isEmpty)
    }

    @Test func peerThatRefusesBase64GetsThePlainToken() async throws {
        let ingress = TestIngress(peer: { url, authorization in
            authorization == "Token peer-token-b" ? Self.good(url, authorization) : PeerAnswer(httpStatus: 401, body: ByteBuffer())
        })
        let answer = try await ingress.ask("POST", "/ocpi/2.2.1/credentials", Self.tokenA, body: Self.body())
        #expect(answer.code == 1000)
        #expect(directory(ingress).platform(id: "new")?.tokenEncoding == .plain)
        #expect(
            ingress.state.withLock { $0.peerCalls.map(\.authorization) } == [
                "Token cGVlci10b2tlbi1i", "Token peer-token-b", "Token peer-token-b",
            ])
    }

    struct Failure: Sendable, CustomTestStringConvertible {
        let what: String
        var version = OCPIVersion.v2_2_1
        var body = CredentialsTests.body()
        var peer: @Sendable (String, String) -> PeerAnswer? = CredentialsTests.good
        let status: Int
        let code: Int

        var testDescription: String { what }
    }

    static func answering(_ status: Int, _ text: String) -> @Sendable (String, String) -> PeerAnswer? {
        { _, _ in PeerAnswer(httpStatus: status, body: ByteBuffer(string: text)) }
    }

    static let only22 = #"{"status_code":1000,"data":[{"version":"2.2","url":"https://new.example/2.2"}]}"#
    static let only221 = #"{"status_code":1000,"data":[{"version":"2.2.1","url":"https://new.example/2.2.1"}]}"#

    static let onlyConfiguration: @Sendable (String, String) -> PeerAnswer? = { url, token in
        guard !url.hasSuffix("versions") else { return good(url, token) }
        let endpoints = #"[{"identifier":"credentials","role":"SENDER","url":"https://new.example/cred"}]"#
        return PeerAnswer(
            httpStatus: 200, body: ByteBuffer(string: #"{"status_code":1000,"data":{"version":"2.2.1","endpoints":\#(endpoints)}}"#))
    }

    static let failures: [Failure] = [
        Failure(what: "nobody there", peer: { _, _ in nil }, status: 200, code: 3001),
        Failure(what: "versions refuse both encodings", peer: answering(401, "{}"), status: 200, code: 3001),
        Failure(what: "versions fail", peer: answering(500, "oops"), status: 200, code: 3001),
        Failure(what: "versions redirect", peer: answering(302, ""), status: 200, code: 3001),
        Failure(what: "versions are no JSON", peer: answering(200, "<html>"), status: 200, code: 3001),
        Failure(what: "versions with an OCPI error", peer: answering(200, #"{"status_code":2000,"data":[]}"#), status: 200, code: 3001),
        Failure(what: "versions without data", peer: answering(200, #"{"status_code":1000}"#), status: 200, code: 3001),
        Failure(
            what: "details missing", peer: { url, token in url.hasSuffix("versions") ? good(url, token) : nil }, status: 200, code: 3001),
        Failure(what: "no common version", peer: answering(200, only22), status: 200, code: 3002),
        Failure(what: "no common version, old dialect", version: .v2_2, peer: answering(200, only221), status: 200, code: 3003),
        Failure(what: "nothing but configuration modules", peer: onlyConfiguration, status: 200, code: 3003),
        Failure(what: "nothing but configuration modules, old dialect", version: .v2_2, peer: onlyConfiguration, status: 200, code: 3003),
        Failure(what: "empty body", body: "", status: 400, code: 2001),
        Failure(what: "no JSON", body: "{", status: 400, code: 2001),
        Failure(what: "no token", body: #"{"url":"https://new.example/versions","roles":[]}"#, status: 200, code: 2001),
        Failure(what: "token with a blank", body: body(token: "a b"), status: 200, code: 2001),
        Failure(what: "token too long", body: body(token: String(repeating: "x", count: 65)), status: 200, code: 2001),
        Failure(what: "no roles", body: body(roles: []), status: 200, code: 2001),
        Failure(what: "no roles, old dialect", version: .v2_2, body: body(roles: []), status: 400, code: 2001),
        Failure(what: "role twice", body: body(roles: [("CPO", "AT-NEW"), ("CPO", "at-new")]), status: 200, code: 2001),
        Failure(what: "party not in the registry", body: body(roles: [("CPO", "AT-XXX")]), status: 200, code: 2001),
        Failure(what: "party of another node", body: body(roles: [("CPO", "NL-REM")]), status: 200, code: 2001),
        Failure(what: "party of another platform", body: body(roles: [("CPO", "AT-NEW"), ("CPO", "DE-CPO")]), status: 200, code: 2001),
    ]

    @Test(arguments: failures)
    func failureLeavesNoState(_ failure: Failure) async throws {
        let ingress = TestIngress(peer: failure.peer)
        let before = directory(ingress)
        let answer = try await ingress.ask("POST", "/ocpi/\(failure.version.rawValue)/credentials", Self.tokenA, body: failure.body)
        #expect(answer.status == failure.status)
        #expect(answer.code == failure.code)
        #expect(answer.message?.contains("peer-token-b") != true)
        let after = directory(ingress)
        #expect(after.platforms == before.platforms)
        #expect(after.claim(of: party("AT-NEW")) == nil)
        #expect(after.endpoints(of: "new").isEmpty)
        #expect(after.status(of: "new") == .planned)
        let again = try await ingress.ask("GET", "/ocpi/versions", Self.tokenA)
        #expect(again.status == 200)
    }

    @Test func stateThatCannotBeWrittenIsAnError() async throws {
        let ingress = TestIngress(peer: Self.good)
        ingress.state.withLock { $0.writeFails = true }
        let answer = try await ingress.ask("POST", "/ocpi/2.2.1/credentials", Self.tokenA, body: Self.body())
        #expect(answer.status == 200)
        #expect(answer.code == 3000)
    }

    @Test func earlierClaimOfAnotherPlatformWins() async throws {
        let ingress = TestIngress(peer: Self.good)
        let rival = PartyClaim(party: party("AT-NEW"), platform: "rival", since: .now)
        ingress.state.withLock {
            $0.directory.apply(key: FactKey.platform("rival"), .platform(Platform(id: "rival")))
            $0.directory.apply(key: Fact.claim(rival).key, .claim(rival))
        }
        let answer = try await ingress.ask("POST", "/ocpi/2.2.1/credentials", Self.tokenA, body: Self.body())
        #expect(answer.code == 2001)
        #expect(directory(ingress).claim(of: party("AT-NEW")) == rival)
    }

    @Test func ofTwoPlatformsThatRegisterAPartyAtOnceOneIsRefused() async throws {
        let ingress = TestIngress(peer: Self.good)
        let rival = Platform(id: "rival", tokenAHash: TokenHash.of(Token("rival-token-a")))
        ingress.state.withLock { $0.directory.apply(key: FactKey.platform("rival"), .platform(rival)) }
        async let first = ingress.ask("POST", "/ocpi/2.2.1/credentials", Self.tokenA, body: Self.body())
        async let second = ingress.ask("POST", "/ocpi/2.2.1/credentials", ["Authorization": "Token rival-token-a"], body: Self.body())
        let codes = [try await first.code, try await second.code]
        #expect(Set(codes) == [1000, 2001])
        let directory = directory(ingress)
        #expect(directory.platform(of: party("AT-NEW"))?.id == (codes[0] == 1000 ? "new" : "rival"))
        #expect(directory.claims(of: party("AT-NEW")).count == 1)
    }

    @Test func claimThatWasNeverFinishedIsVoid() async throws {
        for exists in [true, false] {
            let ingress = TestIngress(peer: Self.good)
            let old = PartyClaim(party: party("AT-NEW"), platform: "rival", since: Timestamp.now.adding(milliseconds: -61_000))
            ingress.state.withLock {
                if exists { $0.directory.apply(key: FactKey.platform("rival"), .platform(Platform(id: "rival"))) }
                $0.directory.apply(key: Fact.claim(old).key, .claim(old))
            }
            let answer = try await ingress.ask("POST", "/ocpi/2.2.1/credentials", Self.tokenA, body: Self.body())
            #expect(answer.code == 1000)
            #expect(directory(ingress).platform(of: party("AT-NEW"))?.id == "new")
        }
    }

    @Test func theEncodingThatTheOperatorChoseIsTriedFirst() async throws {
        let ingress = TestIngress(peer: Self.good)
        ingress.state.withLock {
            guard var platform = $0.directory.platform(id: "new") else { return }
            platform.tokenEncoding = .plain
            $0.directory.apply(key: FactKey.platform("new"), .platform(platform))
        }
        let answer = try await ingress.ask("POST", "/ocpi/2.2.1/credentials", Self.tokenA, body: Self.body())
        #expect(answer.code == 1000)
        #expect(ingress.state.withLock { $0.peerCalls.map(\.authorization) } == ["Token peer-token-b", "Token peer-token-b"])
        #expect(directory(ingress).platform(id: "new")?.tokenEncoding == .plain)
    }

    @Test func severalRolesOfOnePlatformAllBecomeRoutable() async throws {
        let ingress = TestIngress(peer: Self.good)
        let roles = [("CPO", "AT-NEW"), ("EMSP", "AT-NEW"), ("CPO", "FR-OFF")]
        #expect(try await ingress.ask("POST", "/ocpi/2.2.1/credentials", Self.tokenA, body: Self.body(roles: roles)).code == 1000)
        let directory = directory(ingress)
        #expect(directory.platform(of: party("AT-NEW"))?.id == "new" && directory.platform(of: party("FR-OFF"))?.id == "new")
        #expect(directory.platform(id: "new")?.roles.map(\.role) == ["CPO", "EMSP", "CPO"])
    }

    // MARK: States of the handshake

    @Test(arguments: [("PUT", tokenA), ("DELETE", tokenA), ("POST", ["Authorization": "Token msp-token-c"]), ("PATCH", tokenA)])
    func methodThatDoesNotFitIsNotAllowed(_ method: String, _ headers: [String: String]) async throws {
        let ingress = TestIngress(peer: Self.good)
        let answer = try await ingress.ask(method, "/ocpi/2.2.1/credentials", headers, body: Self.body())
        #expect(answer.status == 405)
        #expect(answer.code == 2000)
    }

    @Test func renewalGivesANewTokenAndMovesTheParties() async throws {
        let ingress = TestIngress(peer: Self.good)
        let first = try await ingress.ask("POST", "/ocpi/2.2.1/credentials", Self.tokenA, body: Self.body())
        let old = try #require(first.json?["data"]?["token"]?.string)
        let since = try #require(directory(ingress).claim(of: party("AT-NEW"))?.since)

        let second = try await ingress.ask(
            "PUT", "/ocpi/2.2/credentials", ["Authorization": "Token \(old)"],
            body: Self.body(token: "peer-token-2", roles: [("CPO", "AT-NEW"), ("EMSP", "FR-OFF")]))
        #expect(second.code == 1000)
        let new = try #require(second.json?["data"]?["token"]?.string)
        #expect(new != old)
        let directory = directory(ingress)
        #expect(directory.platform(of: party("FR-OFF"))?.id == "new")
        #expect(directory.claim(of: party("AT-NEW"))?.since == since)
        #expect(directory.platform(id: "new")?.version == .v2_2)
        #expect(directory.outboundToken(of: "new")?.raw == "peer-token-2")
        #expect(try await ingress.ask("GET", "/ocpi/versions", ["Authorization": "Token \(old)"]).status == 401)
        #expect(try await ingress.ask("GET", "/ocpi/versions", ["Authorization": "Token \(new)"]).status == 200)

        let third = try await ingress.ask(
            "PUT", "/ocpi/2.2.1/credentials", ["Authorization": "Token \(new)"], body: Self.body(roles: [("EMSP", "FR-OFF")]))
        #expect(third.code == 1000)
        #expect(self.directory(ingress).claim(of: party("AT-NEW")) == nil)
    }

    @Test func renewalCannotTakeOverAParty() async throws {
        let ingress = TestIngress(peer: Self.good)
        let answer = try await ingress.ask(
            "PUT", "/ocpi/2.2.1/credentials", ["Authorization": "Token msp-token-c"], body: Self.body(roles: [("CPO", "DE-CPO")]))
        #expect(answer.code == 2001)
        #expect(directory(ingress).platform(of: party("DE-CPO"))?.id == "cpo")
        #expect(try await ingress.ask("GET", "/ocpi/versions", ["Authorization": "Token msp-token-c"]).status == 200)
    }

    @Test func leavingRemovesEverything() async throws {
        let ingress = TestIngress()
        ingress.state.withLock {
            let rules = Fact.rules(platform: "cpo", signatures: true, active: .whitelist)
            $0.directory.apply(key: rules.key, rules)
        }
        let answer = try await ingress.ask("DELETE", "/ocpi/2.2.1/credentials", ["Authorization": "Token cpo-token-c"])
        #expect(answer.status == 200)
        #expect(answer.code == 1000)
        #expect(answer.json?["data"] == nil)
        let directory = directory(ingress)
        #expect(directory.platform(id: "cpo") == nil)
        #expect(directory.endpoints(of: "cpo").isEmpty)
        #expect(directory.claim(of: party("DE-CPO")) == nil)
        #expect(directory.claim(of: party("CH-CPO")) == nil)
        #expect(
            directory.toldClientInfos.map { "\($0.party) \($0.role) \($0.status.rawValue)" } == [
                "CH-CPO CPO SUSPENDED", "DE-CPO CPO SUSPENDED",
            ])
        #expect(directory.rules(of: "cpo") == OCNRules())
        #expect(try await ingress.ask("GET", "/ocpi/versions", ["Authorization": "Token cpo-token-c"]).status == 401)
    }

    // MARK: Versions

    @Test func versionsAreListedForBothTokens() async throws {
        for token in ["Token new-token-a", "Token msp-token-c"] {
            let answer = try await TestIngress().ask("GET", "/ocpi/versions", ["Authorization": token, "X-Request-ID": "r9"])
            #expect(answer.status == 200)
            #expect(
                answer.json?["data"]?.text
                    == #"[{"version":"2.2","url":"https://hub.example/ocpi/2.2"},"#
                    + #"{"version":"2.2.1","url":"https://hub.example/ocpi/2.2.1"}]"#
            )
            #expect(answer["X-Request-ID"] == "r9")
            #expect(answer["X-Correlation-ID"] != nil)
            #expect(answer["OCPI-to-party-id"] == nil)
        }
    }

    @Test(arguments: OCPIVersion.allCases)
    func everyAdvertisedEndpointIsServed(_ version: OCPIVersion) async throws {
        let answer = try await TestIngress().ask("GET", "/ocpi/\(version.rawValue)", ["Authorization": "Token msp-token-c"])
        let data = try #require(answer.json?["data"])
        #expect(data["version"]?.string == version.rawValue)
        let endpoints = try #require(data["endpoints"]?.array)
        #expect(endpoints.count == 19)
        let base = "https://hub.example"
        for endpoint in endpoints where endpoint["identifier"]?.string != "custom" {
            let url = try #require(endpoint["url"]?.string)
            #expect(url.hasPrefix(base))
            let route = Route.parse(path: String(url.dropFirst(base.utf8.count)))
            switch route {
            case .credentials(let found):
                #expect(found == version)
                #expect(endpoint["role"]?.string == "SENDER")
            case .module(let module):
                #expect(module.version == version)
                #expect(module.module.rawValue == endpoint["identifier"]?.string)
                #expect(module.interface.rawValue == endpoint["role"]?.string)
            case .hubClientInfo(let found):
                #expect(found == version)
                #expect(endpoint["role"]?.string == "SENDER")
            case .ocnRules(let found, rest: ""):
                #expect(found == version)
                #expect(endpoint["role"]?.string == "RECEIVER")
            default: Issue.record("\(url) leads nowhere")
            }
        }
        let listed = endpoints.map { "\($0["identifier"]?.string ?? "") \($0["role"]?.string ?? "")" }
        let both = ["cdrs", "chargingprofiles", "commands", "locations", "sessions", "tariffs", "tokens", "custom"]
            .flatMap { ["\($0) SENDER", "\($0) RECEIVER"] }
        #expect(listed == both[..<6] + ["credentials SENDER", "hubclientinfo SENDER"] + both[6...] + ["ocnrules RECEIVER"])
    }

    @Test(arguments: [("/ocpi/versions", 401), ("/ocpi/2.2.1", 401), ("/ocpi/2.2", 400), ("/ocpi/2.2/credentials", 400)])
    func configurationModulesNeedAToken(_ path: String, _ status: Int) async throws {
        let ingress = TestIngress()
        #expect(try await ingress.ask("GET", path).status == status)
        #expect(try await ingress.ask("GET", path, ["Authorization": "Token bogus"]).status == status)
        #expect(try await ingress.ask("PATCH", path, ["Authorization": "Token msp-token-c"]).status == 405)
    }
}
