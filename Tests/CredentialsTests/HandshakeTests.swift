import Credentials
import Encoding
import NIOCore
import OCPI
import Synchronization
import Testing

@testable import Directory

@Suite struct HandshakeTests {
    static let versionsURL = "https://peer.example/versions"

    /// A platform that waits for `start`.
    private func prepared(_ pair: HandshakePair) async throws -> String {
        try await pair.handshake.prepare(HandshakePair.tokenA, versionsURL: Self.versionsURL).id
    }

    /// A platform that we are connected to.
    private func connected(_ pair: HandshakePair) async throws -> Platform {
        try await pair.handshake.start(try await prepared(pair))
    }

    // MARK: start

    @Test func theNodeRegistersWithThePlatform() async throws {
        let pair = HandshakePair()
        let id = try await prepared(pair)
        #expect(pair.directory.status(of: id) == .planned)
        let platform = try await pair.handshake.start(id)

        #expect(pair.journal == ["GET versions", "GET 2.2.1", "POST credentials"])
        #expect(pair.calls.allSatisfy { $0.authorization == HandshakePair.tokenA.authorization(encoding: .base64) })
        let sent = try #require(pair.calls.last?.body)
        #expect(sent["url"]?.string == "https://hub.example/ocpi/versions")
        #expect(sent["roles"]?.array?.compactMap { $0["role"]?.string } == ["HUB"])
        let ours = Token(try #require(sent["token"]?.string))

        let directory = pair.directory
        #expect(platform.isRegistered && platform.version == .v2_2_1 && platform.tokenAHash == nil)
        #expect(platform.versionsURL == Self.versionsURL && platform.tokenEncoding == .base64)
        #expect(directory.platform(of: party("AT-NEW"))?.id == id)
        #expect(directory.outboundToken(of: id)?.raw == "their-token-c")
        #expect(directory.status(of: id) == .connected)
        #expect(directory.endpoint(of: id, .locations, .receiver) == "https://peer.example/ep/locations")
        let found = try #require(directory.platform(presenting: [ours]))
        guard case .credentials = found.use else {
            Issue.record("\(found.use)")
            return
        }
    }

    /// The token also expires after the longest time of an answer: if this process dies meanwhile, no other one invalidates it.
    @Test func whileThePlatformAnswersItsTokenIsGoodForConfigurationModulesOnly() async throws {
        let pair = HandshakePair { call, directory in
            if call.method == .post {
                let token = Token(call.body?["token"]?.string ?? "")
                guard case .registration? = directory.platform(presenting: [token])?.use,
                    directory.platform(presenting: [token], now: .now.adding(milliseconds: 300_000)) == nil
                else { return nil }
            }
            return HandshakePair.friendly()(call, directory)
        }
        #expect(try await connected(pair).isRegistered)
    }

    @Test(arguments: [(["2.2", "2.2.1"], "2.2.1"), (["2.2.1"], "2.2.1"), (["2.1.1", "2.2", "3.0"], "2.2")])
    func theHighestCommonVersionIsChosen(_ versions: [String], _ chosen: String) async throws {
        let pair = HandshakePair(peer: HandshakePair.friendly(versions: versions))
        #expect(try await connected(pair).version?.rawValue == chosen)
        #expect(pair.journal == ["GET versions", "GET \(chosen)", "POST credentials"])
    }

    @Test(arguments: [false, true])
    func aPlatformThatWantsPlainTokensGetsThem(_ saysSoInOCPI: Bool) async throws {
        let pair = HandshakePair { call, directory in
            if call.authorization.hasPrefix("Token their-token") { return HandshakePair.friendly()(call, directory) }
            return saysSoInOCPI ? HandshakePair.refusal(200, 2001) : HandshakePair.refusal(401)
        }
        #expect(try await connected(pair).tokenEncoding == .plain)
        #expect(pair.calls.last?.authorization == "Token their-token-a")
    }

    @Test func theEncodingThatTheOperatorChoseIsTriedFirst() async throws {
        let pair = HandshakePair()
        let id = try await prepared(pair)
        let platform = try #require(pair.directory.platform(id: id))
        pair.put(.platform(platform.changed { $0.tokenEncoding = .plain }))
        #expect(try await pair.handshake.start(id).tokenEncoding == .plain)
        #expect(pair.calls.first?.authorization == "Token their-token-a")
    }

    struct Failure: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: StatusCode
        let journal: [String]
        let peer: HandshakePair.Peer
    }

    static let asked = ["GET versions", "GET 2.2.1"]

    static let failures: [Failure] = [
        Failure(testDescription: "nobody there", code: .unableToUseClientAPI, journal: ["GET versions"], peer: { _, _ in nil }),
        Failure(
            testDescription: "no common version", code: .unsupportedVersion, journal: ["GET versions"],
            peer: HandshakePair.friendly(versions: ["2.1.1", "2.3.0"])),
        Failure(
            testDescription: "no credentials endpoint", code: .noMatchingEndpoints, journal: asked,
            peer: HandshakePair.friendly(endpoints: ["locations"])),
        Failure(
            testDescription: "nothing but credentials", code: .noMatchingEndpoints, journal: asked,
            peer: HandshakePair.friendly(endpoints: ["credentials", "versions"])),
        Failure(
            testDescription: "no answer to POST", code: .unableToUseClientAPI, journal: asked + ["POST credentials"],
            peer: { $0.method == .post ? nil : HandshakePair.friendly()($0, $1) }),
        Failure(
            testDescription: "POST refused", code: .unableToUseClientAPI, journal: asked + ["POST credentials"],
            peer: { $0.method == .post ? HandshakePair.refusal(200, 3001) : HandshakePair.friendly()($0, $1) }),
        Failure(
            testDescription: "a redirect", code: .unableToUseClientAPI, journal: ["GET versions"],
            peer: { _, _ in PeerAnswer(httpStatus: 307, body: Envelope.success(data: [])) }),
        Failure(
            testDescription: "two statuses", code: .unableToUseClientAPI, journal: ["GET versions"],
            peer: { _, _ in PeerAnswer(httpStatus: 200, body: ByteBuffer(string: #"{"status_code":1000,"data":[],"status_code":1000}"#)) }),
        Failure(
            testDescription: "two URLs of a version", code: .unableToUseClientAPI, journal: ["GET versions"],
            peer: { _, _ in HandshakePair.ok([.object(["version": "2.2.1", "url": "https://a.example", "url": "https://b.example"])]) }),
        Failure(
            testDescription: "two URLs of an endpoint", code: .unableToUseClientAPI, journal: asked,
            peer: { call, directory in
                guard call.url == "https://peer.example/2.2.1" else { return HandshakePair.friendly()(call, directory) }
                let endpoint = JSONValue.object([
                    "identifier": "credentials", "role": "SENDER", "url": "https://a.example", "url": "https://b.example",
                ])
                return HandshakePair.ok(["endpoints": [endpoint]])
            }),
        Failure(
            testDescription: "an answer without roles", code: .unableToUseClientAPI, journal: asked + ["POST credentials"],
            peer: HandshakePair.friendly(roles: [])),
        Failure(
            testDescription: "a party of another node", code: .invalidParameters,
            journal: asked + ["POST credentials", "DELETE credentials"], peer: HandshakePair.friendly(roles: [("CPO", "NL-REM")])),
        Failure(
            testDescription: "a party of another platform", code: .invalidParameters,
            journal: asked + ["POST credentials", "DELETE credentials"],
            peer: HandshakePair.friendly(roles: [("CPO", "AT-NEW"), ("CPO", "DE-CPO")])),
    ]

    /// A registration with a party that may not be served here is also undone at the platform, with the token that it gave.
    @Test(arguments: failures)
    func aFailureLeavesTokenAAndNoParties(_ failure: Failure) async throws {
        let pair = HandshakePair(peer: failure.peer)
        let id = try await prepared(pair)
        let before = pair.directory
        let error = await #expect(throws: OCPIError.self) { try await pair.handshake.start(id) }
        #expect(error?.code == failure.code)
        #expect(error?.message.contains("token-") == false)
        #expect(pair.journal == failure.journal)
        if pair.calls.last?.method == .delete {
            #expect(pair.calls.last?.authorization == Token("their-token-c").authorization(encoding: .base64))
        }
        let after = pair.directory
        #expect(after.platforms.map(\.unrevised) == before.platforms.map(\.unrevised))
        #expect(after.outboundToken(of: id)?.raw == HandshakePair.tokenA.raw)
        #expect(after.claims(of: party("AT-NEW")).isEmpty && after.endpoints(of: id).isEmpty)
        #expect(after.status(of: id) == .planned)
    }

    @Test func onlyWaitingPlatformsCanBeStarted() async throws {
        let pair = HandshakePair()
        let unknown = await #expect(throws: OCPIError.self) { try await pair.handshake.start("nobody") }
        #expect(unknown?.kind == .notFound)
        let invited = Platform(id: "invited", tokenAHash: "x")
        pair.put(.platform(invited))
        for id in ["invited", "cpo"] {
            let error = await #expect(throws: OCPIError.self) { try await pair.handshake.start(id) }
            #expect(error?.kind == .methodNotAllowed([]))
        }
        #expect(pair.calls.isEmpty)
    }

    @Test func preparingAgainWithTheSameTokenReplacesThePlatformThatWaits() async throws {
        let pair = HandshakePair()
        let first = try await prepared(pair)
        let second = try await prepared(pair)
        #expect(pair.directory.platform(id: first) == nil && pair.directory.platform(id: second) != nil)
    }

    // MARK: renew

    @Test func renewingReplacesBothTokensAndTakesOverTheNewVersion() async throws {
        let pair = HandshakePair { call, directory in
            guard directory.platform(of: party("AT-NEW")) != nil else { return HandshakePair.friendly(versions: ["2.2"])(call, directory) }
            if call.method == .put {
                let hashes = directory.platform(of: party("AT-NEW"))?.tokenCHashes
                guard hashes?.count == 2, hashes?.last == TokenHash.of(Token(call.body?["token"]?.string ?? "")) else { return nil }
            }
            return HandshakePair.friendly(roles: [("CPO", "FR-OFF")], token: "their-token-d")(call, directory)
        }
        let before = try await connected(pair)
        #expect(before.version == .v2_2)
        pair.put(.platform(before.changed { $0.invited = [party("FR-OFF")] }))
        let after = try await pair.handshake.renew(before.id)
        #expect(after.version == .v2_2_1 && after.tokenCHashes.count == 1 && after.tokenCHashes != before.tokenCHashes)
        #expect(after.retiringTokens.isEmpty)
        let directory = pair.directory
        #expect(directory.outboundToken(of: after.id)?.raw == "their-token-d")
        #expect(directory.platform(of: party("FR-OFF"))?.id == after.id && directory.claim(of: party("AT-NEW")) == nil)
        #expect(directory.toldClientInfos.map(\.party) == [party("AT-NEW")])
    }

    @Test func aReplacedTokenStaysGoodForTheOverlap() async throws {
        let pair = HandshakePair(overlap: .seconds(60))
        let before = try await connected(pair)
        let after = try await pair.handshake.renew(before.id)
        #expect(after.retiringTokens.map(\.hash) == before.tokenCHashes)
        #expect(after.retiringTokens.allSatisfy { $0.until > .now.adding(milliseconds: 50_000) })
    }

    @Test(arguments: [(401, nil), (405, 2000), (200, 3001)])
    func aRefusedRenewalChangesNothing(_ httpStatus: Int, _ code: Int?) async throws {
        let pair = HandshakePair { $0.method == .put ? HandshakePair.refusal(httpStatus, code) : HandshakePair.friendly()($0, $1) }
        let before = try await connected(pair)
        let error = await #expect(throws: OCPIError.self) { try await pair.handshake.renew(before.id) }
        #expect(error?.message.contains("nothing has changed") == true)
        #expect(pair.directory.platform(id: before.id)?.unrevised == before.unrevised)
    }

    @Test(arguments: [nil, HandshakePair.refusal(502), PeerAnswer(httpStatus: 200, body: ByteBuffer(string: "<html>"))])
    func ifItIsUnknownWhetherTheTokenWasTakenBothStayValid(_ answer: PeerAnswer?) async throws {
        let pair = HandshakePair { $0.method == .put ? answer : HandshakePair.friendly()($0, $1) }
        let before = try await connected(pair)
        let error = await #expect(throws: OCPIError.self) { try await pair.handshake.renew(before.id) }
        #expect(error?.message.contains("both the old and the new one remain valid") == true)
        let sent = Token(try #require(pair.calls.last?.body?["token"]?.string))
        #expect(error?.message.contains(sent.raw) == false)
        let after = try #require(pair.directory.platform(id: before.id))
        #expect(after.tokenCHashes == before.tokenCHashes + [TokenHash.of(sent)])
    }

    @Test(arguments: ["NL-REM", "DE-CPO"])
    func rolesThatMustNotBeServedStayOutButTheTokensCount(_ name: String) async throws {
        let pair = HandshakePair { call, directory in
            let isConnected = directory.platform(of: party("AT-NEW")) != nil
            return HandshakePair.friendly(roles: [("CPO", isConnected ? name : "AT-NEW")], token: isConnected ? "d" : "c")(call, directory)
        }
        let before = try await connected(pair)
        let error = await #expect(throws: OCPIError.self) { try await pair.handshake.renew(before.id) }
        #expect(error?.code == .invalidParameters)
        let after = try #require(pair.directory.platform(id: before.id))
        #expect(after.roles == before.roles && after.tokenCHashes.count == 1 && after.tokenCHashes != before.tokenCHashes)
        #expect(pair.directory.outboundToken(of: before.id)?.raw == "d")
        #expect(pair.directory.platform(of: party(name))?.id != before.id)
    }

    // MARK: verify and disconnect

    @Test func verifyingAsksForOurCredentialsAndEndsBeingOffline() async throws {
        let pair = HandshakePair()
        let platform = try await connected(pair)
        pair.put(.status(platform: platform.id, .offline, .now))
        let peer = try await pair.handshake.verify(platform.id)
        #expect(peer.parties == [party("AT-NEW")])
        #expect(pair.journal.last == "GET credentials")
        #expect(pair.directory.status(of: platform.id) == .connected)
    }

    @Test func verifyingFailsWhenThePlatformDoesNotKnowUs() async throws {
        let pair = HandshakePair { call, directory in
            call.method == .get && call.url.hasSuffix("credentials")
                ? HandshakePair.refusal(401) : HandshakePair.friendly()(call, directory)
        }
        let platform = try await connected(pair)
        let error = await #expect(throws: OCPIError.self) { try await pair.handshake.verify(platform.id) }
        #expect(error?.code == .unableToUseClientAPI)
    }

    @Test(arguments: [true, false])
    func disconnectingRemovesThePlatformWhetherItAnswersOrNot(_ answers: Bool) async throws {
        let pair = HandshakePair { call, directory in call.method == .delete && !answers ? nil : HandshakePair.friendly()(call, directory) }
        let platform = try await connected(pair)
        #expect(try await pair.handshake.disconnect(platform.id) == answers)
        #expect(pair.journal.last == "DELETE credentials")
        let directory = pair.directory
        #expect(directory.platform(id: platform.id) == nil && directory.claims(of: party("AT-NEW")).isEmpty)
        #expect(directory.toldClientInfos.map(\.status) == [.suspended])
    }

    @Test func aPlatformThatNeverRegisteredIsRemovedWithoutACall() async throws {
        let pair = HandshakePair()
        let id = try await prepared(pair)
        #expect(try await pair.handshake.disconnect(id) == false)
        #expect(pair.calls.isEmpty && pair.directory.platform(id: id) == nil && pair.directory.toldClientInfos.isEmpty)
    }

    @Test func stateThatCannotBeWrittenIsAnError() async throws {
        let pair = HandshakePair()
        let id = try await prepared(pair)
        pair.state.withLock { $0.failsWrites = true }
        let error = await #expect(throws: OCPIError.self) { try await pair.handshake.start(id) }
        #expect(error?.code == .serverError)
        #expect(!pair.journal.contains("POST credentials"))
    }
}
