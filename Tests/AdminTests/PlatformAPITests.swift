import Admin
import Credentials
import Encoding
import HTTPTypes
import OCPI
import Testing

@testable import Directory

@Suite struct PlatformAPITests {
    static let waiting =
        #"{"tokenA":"their-token-a","handshakeSelfInitiated":true,"platformVersionsUrl":"https://peer.example/versions"}"#

    /// A platform that waits for its handshake.
    private func prepared(_ platforms: Platforms) async throws -> String {
        let answer = try await platforms.ask(.post, "platform", Self.waiting)
        #expect(answer.status == 201 && answer.json?["status"]?.string == "PLANNED")
        #expect(!answer.text.contains("token-a"))
        return try #require(answer.json?["id"]?.string)
    }

    @Test func theOperatorConnectsTheNodeToAPlatformRenewsVerifiesAndLeaves() async throws {
        let platforms = Platforms(peer: Platforms.friendly)
        let id = try await prepared(platforms)

        let connected = try await platforms.ask(.post, "platform/\(id)/start-handshake")
        #expect(connected.status == 200 && connected.json?["status"]?.string == "CONNECTED")
        #expect(connected.json?["endpoints"]?.array?.compactMap { $0["identifier"]?.string } == ["credentials", "cdrs"])
        let again = try await platforms.ask(.post, "platform/\(id)/start-handshake")
        #expect(again.status == 409 && again.json?["error"]?.string == "The platform is connected already")

        let renewed = try await platforms.ask(.post, "platform/\(id)/update-credentials")
        #expect(renewed.status == 200 && renewed.json?["version"]?.string == "2.2.1")
        let verified = try await platforms.ask(.post, "platform/\(id)/verify-credentials")
        #expect(verified.status == 200 && verified.json?["url"]?.string == "https://peer.example/versions")

        let shown = try await platforms.ask(.get, "platform/\(id)")
        #expect(shown.json == renewed.json)
        let list = try await platforms.ask(.get, "platforms")
        #expect(list.json?.array?.count == 1 && list.json?.array?.first?["endpoints"]?.int == 2)
        for answer in [connected, renewed, verified, shown, list] { #expect(!answer.text.contains("their-token")) }

        let gone = try await platforms.ask(.delete, "platform-by-party/at/new")
        #expect(gone.status == 200 && gone.json?["told"]?.bool == true)
        #expect(try await platforms.ask(.get, "platform/\(id)").status == 404)
        #expect(try await platforms.ask(.delete, "platform-by-party/AT/NEW").status == 404)
        #expect(try await platforms.ask(.delete, "platform-by-party/AT/NEWER").status == 400)
    }

    @Test func aPlatformThatDoesNotAnswerIsABadGatewayAndGoesAllTheSame() async throws {
        let platforms = Platforms()
        let id = try await prepared(platforms)
        let answer = try await platforms.ask(.post, "platform/\(id)/start-handshake")
        #expect(answer.status == 502)
        #expect(answer.json?["error"]?.string == "3001: https://peer.example/versions did not answer")
        #expect(try await platforms.ask(.post, "platform/\(id)/update-credentials").status == 409)
        #expect(try await platforms.ask(.post, "platform/\(id)/verify-credentials").status == 409)
        let gone = try await platforms.ask(.delete, "platform/\(id)")
        #expect(gone.status == 200 && gone.json?["told"]?.bool == false)
    }

    @Test func aPartyThatMustNotBeServedIsAConflict() async throws {
        let platforms = Platforms(peer: Platforms.friendly)
        platforms.apply([.delete(key: FactKey.party(party("AT-NEW")))])
        let answer = try await platforms.ask(.post, "platform/\(try await prepared(platforms))/start-handshake")
        #expect(answer.status == 409 && answer.text.contains("AT-NEW is not listed"))
    }

    @Test func withoutAHandshakeOfOursATokenIsIssuedOnce() async throws {
        let platforms = Platforms()
        let answer = try await platforms.ask(.post, "platform", "{}")
        #expect(answer.status == 201 && answer.json?["versions"]?.string == "https://node/ocpi/versions")
        let token = Token(try #require(answer.json?["token"]?.string))
        let found = try #require(platforms.directory.platform(presenting: [token]))
        #expect(found.platform.id == answer.json?["id"]?.string)
        #expect(!(try await platforms.ask(.get, "platform/\(found.platform.id)").text.contains(token.raw)))
    }

    @Test(arguments: [
        "", "[]", #"{"tokenA":"x"}"#, #"{"handshakeSelfInitiated":true}"#,
        #"{"handshakeSelfInitiated":true,"tokenA":"a b","platformVersionsUrl":"https://peer.example/versions"}"#,
        #"{"handshakeSelfInitiated":true,"tokenA":"x","platformVersionsUrl":"peer.example/versions"}"#,
        #"{"handshakeSelfInitiated":true,"tokenA":"x","platformVersionsUrl":"https://peer.example/versions#a"}"#,
        #"{"handshakeSelfInitiated":true,"tokenA":"x","platformVersionsUrl":"https://peer.example/versions "}"#,
        #"{"handshakeSelfInitiated":true,"tokenA":"x","platformVersionsUrl":"https://u:p@peer.example/versions"}"#,
    ])
    func aPlatformThatMakesNoSenseIsNotCreated(_ body: String) async throws {
        let platforms = Platforms()
        #expect(try await platforms.ask(.post, "platform", body).status == 400)
        #expect(platforms.directory.platforms.isEmpty)
    }

    @Test func theOperatorSetsHowAPlatformGetsItsToken() async throws {
        let platforms = Platforms()
        let id = try await prepared(platforms)
        for encoding in TokenEncoding.allCases {
            let answer = try await platforms.ask(.put, "platform/\(id)/token-encoding", #"{"encoding":"\#(encoding.rawValue)"}"#)
            #expect(answer.status == 200 && answer.json?["token_encoding"]?.string == encoding.rawValue)
            #expect(platforms.directory.platform(id: id)?.tokenEncoding == encoding)
        }
        #expect(try await platforms.ask(.put, "platform/\(id)/token-encoding", #"{"encoding":"rot13"}"#).status == 400)
        #expect(try await platforms.ask(.put, "platform/nobody/token-encoding", #"{"encoding":"plain"}"#).status == 404)
    }

    /// The platform renews its tokens, or leaves, between the operator's call and its write.
    @Test func aTokenThatIsReplacedOrRevokedDoesNotComeBackWithTheOperatorsChange() async throws {
        let party = #"[{"country_code":"AT","party_id":"NEW"}]"#
        for (method, call, body) in [
            (HTTPRequest.Method.put, "token-encoding", #"{"encoding":"plain"}"#), (.post, "parties", party),
        ] {
            let platforms = Platforms()
            let old = Platform(id: "p", tokenCHashes: [TokenHash.of(Token("old"))], revision: 1)
            platforms.apply([.put(.platform(old))])
            platforms.meanwhile { _ in [.put(.platform(old.changed { $0.tokenCHashes = [TokenHash.of(Token("new"))] }))] }
            let answer = try await platforms.ask(method, "platform/p/\(call)", body)
            #expect(answer.status == 200)
            #expect(platforms.directory.platform(presenting: [Token("old")]) == nil)
            let now = try #require(platforms.directory.platform(presenting: [Token("new")])?.platform)
            #expect(call == "parties" ? now.invited.count == 1 : now.tokenEncoding == .plain, "both changes count")

            platforms.meanwhile { Registration.removal(of: now, suspendedSince: .now, now: .now, in: $0) }
            let late = try await platforms.ask(
                method, "platform/p/\(call)", body.replacing("NEW", with: "OFF").replacing("plain", with: "base64"))
            #expect(late.status == 404 && platforms.directory.platforms.isEmpty)
            #expect(platforms.directory.platform(presenting: [Token("new")]) == nil)
        }
    }

    @Test func whatLetsSomebodyInIsShownWithItsEnd() async throws {
        let platforms = Platforms()
        let before = Timestamp.now
        let party = #"[{"country_code":"AT","party_id":"NEW"}]"#
        let issued = try await platforms.ask(.post, "generate-registration-token", party)
        let listed = try #require(try await platforms.ask(.get, "platforms").json?.array?.first)
        let expires = try #require(issued.json?["expires"])
        #expect(listed["invitation_expires"] == expires)
        #expect(listed["invitations"] == JSONValue.array([["party": "AT-NEW", "expires": expires]]))
        platforms.apply([.put(.platform(Platform(id: "p", tokenCHashes: ["c"])))])
        let invited = try await platforms.ask(.post, "platform/p/parties", party)
        let end = try #require(invited.json?["invitations"]?.array?.first?["expires"]?.string.flatMap(Timestamp.init(rfc3339:)))
        #expect(end >= before.adding(milliseconds: Platform.invitationLifetime) && invited.json?["invitation_expires"] == nil)
        #expect(end <= .now.adding(milliseconds: Platform.invitationLifetime))
    }

    @Test func theOperatorSaysWhomThePlatformMayActForThatThisNodeRegistersWith() async throws {
        let platforms = Platforms(peer: Platforms.friendly)
        let provider = NetworkService(provider: party("AT-NEW"), name: "", permissions: [0], source: "test")
        platforms.apply([.put(.service(provider))])
        func create(_ parties: String) async throws -> (status: Int, json: JSONValue?, text: String) {
            let body = Self.waiting.replacing("}", with: #","parties":"# + parties + "}")
            return try await platforms.ask(.post, "platform", body)
        }
        let unnamed = try #require(try await create("null").json?["id"]?.string)
        let refused = try await platforms.ask(.post, "platform/\(unnamed)/start-handshake")
        #expect(refused.status == 409 && refused.text.contains("AT-NEW was not invited through this connection"))
        #expect(platforms.directory.platform(of: party("AT-NEW")) == nil)

        let named = try await create(#"[{"country_code":"AT","party_id":"NEW"}]"#)
        #expect(named.status == 201 && named.json?["invited"] == ["AT-NEW"])
        let id = try #require(named.json?["id"]?.string)
        let connected = try await platforms.ask(.post, "platform/\(id)/start-handshake")
        #expect(connected.status == 200 && connected.json?["invitations"] == [], "the invitation is used up")

        for parties in ["[]", "{}", "7", #"[{"country_code":"AT"}]"#] { #expect(try await create(parties).status == 400, "\(parties)") }
    }

    @Test(arguments: ["start-handshake", "update-credentials", "verify-credentials"])
    func aPlatformThatIsNotKnownIsNotFound(_ action: String) async throws {
        #expect(try await Platforms().ask(.post, "platform/nobody/\(action)").status == 404)
    }

    @Test func theOperatorListsWhereElseURLsOfAPlatformMayLead() async throws {
        let platforms = Platforms()
        let id = try await prepared(platforms)
        let listed = try await platforms.ask(
            .put, "platform/\(id)/origins", #"["https://Results.example.com","http://10.0.0.1:8080/","https://results.example.com:443"]"#)
        #expect(listed.status == 200)
        let shown = try await platforms.ask(.get, "platforms").json?.array?.first?["origins"]?.array?.compactMap(\.string)
        #expect(shown == ["https://results.example.com:443", "http://10.0.0.1:8080"])
        let seventeen = (1...17).map { "\"https://h\($0)\"" }.joined(separator: ",")
        for body in [
            "", "{}", #""https://h""#, "[1]", #"["ftp://h"]"#, #"["https://h/p"]"#, #"["https://h//"]"#, #"["https://h?q"]"#,
            #"["https://u@h"]"#, "[\(seventeen)]",
        ] {
            #expect(try await platforms.ask(.put, "platform/\(id)/origins", body).status == 400, "\(body)")
        }
        #expect(try await platforms.ask(.put, "platform/nobody/origins", "[]").status == 404)
        let ended = try await platforms.ask(.put, "platform/\(id)/origins", "[]")
        #expect(ended.status == 200 && ended.json?["origins"]?.array?.isEmpty == true)
    }

    // MARK: Bodies are read strictly

    @Test(arguments: [
        (#"{"handshakeSelfInitated":true,"tokenA":"x","platformVersionsUrl":"https://peer.example/versions"}"#, "'handshakeSelfInitated'"),
        (
            #"{"handshakeSelfInitiated":"true","tokenA":"x","platformVersionsUrl":"https://peer.example/versions"}"#,
            "handshakeSelfInitiated must"
        ),
        (#"{"parties":[{"country_code":"CH","party_id":"OCN"}]}"#, "CH-OCN is this hub itself"),
        (#"{"handshakeSelfInitiated":1}"#, "handshakeSelfInitiated must be true or false"),
        (#"{"handshakeSelfInitiated":false,"platformVersionsUrl":"https://peer.example/versions"}"#, "platformVersionsUrl is only for"),
        (#"{"platformVersionsUrl":"https://peer.example/versions"}"#, "platformVersionsUrl is only for"),
        (#"{"platformVersionsUrl":7}"#, "platformVersionsUrl must be a string"),
        (#"{"handshakeSelfInitiated":true,"tokenA":7,"platformVersionsUrl":"https://peer.example/versions"}"#, "tokenA must be a string"),
        (#"{"handshakeSelfInitiated":false,"handshakeSelfInitiated":true}"#, "handshakeSelfInitiated stands there twice"),
    ])
    func aMemberThatIsNotUnderstoodIsNamedAndNothingIsIssued(_ body: String, _ problem: String) async throws {
        let platforms = Platforms()
        let answer = try await platforms.ask(.post, "platform", body)
        #expect(answer.status == 400)
        #expect(answer.json?["error"]?.string?.contains(problem) == true, "\(answer.text)")
        #expect(platforms.directory.platforms.isEmpty)
    }

    @Test func nullStandsForWhatIsLeftOut() async throws {
        let body = #"{"tokenA":null,"handshakeSelfInitiated":false,"platformVersionsUrl":null}"#
        #expect(try await Platforms().ask(.post, "platform", body).status == 201)
    }

    @Test(arguments: [
        (#"[{"country_code":"AT","party_id":"NEW"},{"country_code":7,"party_id":"NEW"}]"#, "entry 2: country_code must be a string"),
        (#"[{"country_code":"AT"}]"#, "entry 1: it needs a country_code of 2 and a party_id of 3"),
        (#"["AT-NEW"]"#, "entry 1: it must be an object with country_code, party_id"), ("{", "not JSON"),
    ])
    func anInvitationThatIsNotUnderstoodIsRefused(_ body: String, _ problem: String) async throws {
        let platforms = Platforms()
        platforms.apply([.put(.platform(Platform(id: "p")))])
        for call in ["generate-registration-token", "platform/p/parties"] {
            let answer = try await platforms.ask(.post, call, body)
            #expect(answer.status == 400 && answer.json?["error"]?.string?.contains(problem) == true, "\(answer.text)")
        }
        #expect(platforms.directory.platforms.map(\.id) == ["p"] && platforms.directory.platform(id: "p")?.invited == [])
    }

    @Test func whatMayBeASlipIsDoneAndNoted() async throws {
        let platforms = Platforms()
        platforms.apply([
            .put(.party(NetworkParty(party: party("NL-REM"), roles: ["CPO"], operatorAddress: "0xbb", source: "test"))),
            .put(.platform(Platform(id: "p"))),
        ])
        let body =
            #"[{"country_code":"AT","party_id":"NEW"},{"country_code":"at","party_id":"new"},{"country_code":"FR","party_id":"OFF"},"#
            + #"{"country_code":"NL","party_id":"REM"}]"#
        for call in ["generate-registration-token", "platform/p/parties"] {
            let answer = try await platforms.ask(.post, call, body)
            #expect(answer.status == 200)
            let notes = answer.json?["notes"]?.array?.compactMap(\.string) ?? []
            #expect(notes.count == 3, "\(notes)")
            #expect(notes.first?.hasSuffix("stands in the list more than once") == true)
            #expect(notes.contains { $0.hasPrefix("FR-OFF is not in the registry") && $0.contains("0xaa") })
            #expect(notes.last?.hasPrefix("the registry lists NL-REM under another node, 0xbb") == true)
        }
        for platform in platforms.directory.platforms { #expect(platform.invited.map(\.description) == ["AT-NEW", "FR-OFF", "NL-REM"]) }
        let plain = try await platforms.ask(.post, "generate-registration-token", #"[{"country_code":"AT","party_id":"NEW"}]"#)
        #expect(plain.status == 200 && plain.json?["notes"] == nil)
        let roles = try await platforms.ask(
            .post, "generate-registration-token", #"[{"country_code":"AT","party_id":"NEW","role":"CPO"}]"#)
        #expect(roles.status == 200 && roles.json?["notes"]?.array?.compactMap(\.string) == ["entry 1: 'role' is not looked at"])
    }

    @Test func otherBodiesAreReadStrictlyToo() async throws {
        let platforms = Platforms()
        let id = try await prepared(platforms)
        let answer = try await platforms.ask(.put, "platform/\(id)/token-encoding", #"{"encoding":"plain","encodings":1}"#)
        #expect(answer.status == 400 && answer.json?["error"]?.string?.contains("'encodings'") == true)
    }

    @Test func everyRefusalIsJSON() async throws {
        let platforms = Platforms()
        for (method, path) in [
            (HTTPRequest.Method.get, "nothing"), (.get, "platform"), (.delete, "platforms"), (.post, "platform/p/nothing"),
        ] {
            let answer = try await platforms.ask(method, path)
            #expect(answer.status == 404)
            #expect(answer.json?["error"]?.string == "there is no call \(method.rawValue) /admin/\(path)", "\(answer.text)")
        }
        let long = try await platforms.ask(.post, "platform", String(repeating: " ", count: 65_537))
        #expect(long.status == 413 && long.json?["error"]?.string?.isEmpty == false)
    }

    @Test func stateThatCannotBeWrittenIsUnavailable() async throws {
        let platforms = Platforms(isReadOnly: true)
        platforms.apply([.put(.platform(Platform(id: "p")))])
        #expect(try await platforms.ask(.post, "platform", "{}").status == 503)
        #expect(try await platforms.ask(.post, "platform", Self.waiting).status == 503)
        #expect(try await platforms.ask(.put, "platform/p/token-encoding", #"{"encoding":"plain"}"#).status == 503)
        #expect(try await platforms.ask(.delete, "platform/p").status == 503)
    }
}
