import Admin
import Credentials
import HTTPTypes
import OCPI
import Testing
import Wire

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

    @Test func stateThatCannotBeWrittenIsUnavailable() async throws {
        let platforms = Platforms(isReadOnly: true)
        platforms.apply([.put(.platform(Platform(id: "p")))])
        #expect(try await platforms.ask(.post, "platform", "{}").status == 503)
        #expect(try await platforms.ask(.post, "platform", Self.waiting).status == 503)
        #expect(try await platforms.ask(.put, "platform/p/token-encoding", #"{"encoding":"plain"}"#).status == 503)
        #expect(try await platforms.ask(.delete, "platform/p").status == 503)
    }
}
