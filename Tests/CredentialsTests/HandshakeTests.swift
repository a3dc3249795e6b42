import Credentials
import NIOCore
import OCPI
import Synchronization
import Testing
import Wire

@testable import Directory

@Suite struct HandshakeTests {
    static let versionsURL = "https://peer.example/versions"

    /// A platform that waits for `start`.
    private func prepared(_ meeting: Meeting) async throws -> String {
        try await meeting.handshake.prepare(Meeting.tokenA, versionsURL: Self.versionsURL).id
    }

    /// A platform that we are connected to.
    private func connected(_ meeting: Meeting) async throws -> Platform {
        try await meeting.handshake.start(try await prepared(meeting))
    }

    // MARK: start

    @Test func theNodeRegistersWithThePlatform() async throws {
        let meeting = Meeting()
        let id = try await prepared(meeting)
        #expect(meeting.directory.status(of: id) == .planned)
        let platform = try await meeting.handshake.start(id)

        #expect(meeting.journal == ["GET versions", "GET 2.2.1", "POST credentials"])
        #expect(meeting.calls.allSatisfy { $0.authorization == Meeting.tokenA.authorization(encoding: .base64) })
        let sent = try #require(meeting.calls.last?.body)
        #expect(sent["url"]?.string == "https://hub.example/ocpi/versions")
        #expect(sent["roles"]?.array?.compactMap { $0["role"]?.string } == ["HUB"])
        let ours = Token(try #require(sent["token"]?.string))

        let directory = meeting.directory
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

    /// And only as long as an answer may take: if this process dies meanwhile, nobody ends it.
    @Test func whileThePlatformAnswersItsTokenIsGoodForConfigurationModulesOnly() async throws {
        let meeting = Meeting { call, directory in
            if call.method == .post {
                let token = Token(call.body?["token"]?.string ?? "")
                guard case .registration? = directory.platform(presenting: [token])?.use,
                    directory.platform(presenting: [token], now: .now.adding(milliseconds: 300_000)) == nil
                else { return nil }
            }
            return Meeting.friendly()(call, directory)
        }
        #expect(try await connected(meeting).isRegistered)
    }

    @Test(arguments: [(["2.2", "2.2.1"], "2.2.1"), (["2.2.1"], "2.2.1"), (["2.1.1", "2.2", "3.0"], "2.2")])
    func theHighestCommonVersionIsChosen(_ versions: [String], _ chosen: String) async throws {
        let meeting = Meeting(peer: Meeting.friendly(versions: versions))
        #expect(try await connected(meeting).version?.rawValue == chosen)
        #expect(meeting.journal == ["GET versions", "GET \(chosen)", "POST credentials"])
    }

    @Test(arguments: [false, true])
    func aPlatformThatWantsPlainTokensGetsThem(_ saysSoInOCPI: Bool) async throws {
        let meeting = Meeting { call, directory in
            if call.authorization.hasPrefix("Token their-token") { return Meeting.friendly()(call, directory) }
            return saysSoInOCPI ? Meeting.refusal(200, 2001) : Meeting.refusal(401)
        }
        #expect(try await connected(meeting).tokenEncoding == .plain)
        #expect(meeting.calls.last?.authorization == "Token their-token-a")
    }

    @Test func theEncodingThatTheOperatorChoseIsTriedFirst() async throws {
        let meeting = Meeting()
        let id = try await prepared(meeting)
        let platform = try #require(meeting.directory.platform(id: id))
        meeting.put(.platform(platform.changed { $0.tokenEncoding = .plain }))
        #expect(try await meeting.handshake.start(id).tokenEncoding == .plain)
        #expect(meeting.calls.first?.authorization == "Token their-token-a")
    }

    struct Failure: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: StatusCode
        let journal: [String]
        let peer: Meeting.Peer
    }

    static let asked = ["GET versions", "GET 2.2.1"]

    static let failures: [Failure] = [
        Failure(testDescription: "nobody there", code: .unableToUseClientAPI, journal: ["GET versions"], peer: { _, _ in nil }),
        Failure(
            testDescription: "no common version", code: .unsupportedVersion, journal: ["GET versions"],
            peer: Meeting.friendly(versions: ["2.1.1", "2.3.0"])),
        Failure(
            testDescription: "no credentials endpoint", code: .noMatchingEndpoints, journal: asked,
            peer: Meeting.friendly(endpoints: ["locations"])),
        Failure(
            testDescription: "nothing but credentials", code: .noMatchingEndpoints, journal: asked,
            peer: Meeting.friendly(endpoints: ["credentials", "versions"])),
        Failure(
            testDescription: "no answer to POST", code: .unableToUseClientAPI, journal: asked + ["POST credentials"],
            peer: { $0.method == .post ? nil : Meeting.friendly()($0, $1) }),
        Failure(
            testDescription: "POST refused", code: .unableToUseClientAPI, journal: asked + ["POST credentials"],
            peer: { $0.method == .post ? Meeting.refusal(200, 3001) : Meeting.friendly()($0, $1) }),
        Failure(
            testDescription: "a redirect", code: .unableToUseClientAPI, journal: ["GET versions"],
            peer: { _, _ in PeerAnswer(httpStatus: 307, body: Envelope.success(data: [])) }),
        Failure(
            testDescription: "two statuses", code: .unableToUseClientAPI, journal: ["GET versions"],
            peer: { _, _ in PeerAnswer(httpStatus: 200, body: ByteBuffer(string: #"{"status_code":1000,"data":[],"status_code":1000}"#)) }),
        Failure(
            testDescription: "two URLs of a version", code: .unableToUseClientAPI, journal: ["GET versions"],
            peer: { _, _ in Meeting.ok([.object(["version": "2.2.1", "url": "https://a.example", "url": "https://b.example"])]) }),
        Failure(
            testDescription: "two URLs of an endpoint", code: .unableToUseClientAPI, journal: asked,
            peer: { call, directory in
                guard call.url == "https://peer.example/2.2.1" else { return Meeting.friendly()(call, directory) }
                let endpoint = JSONValue.object([
                    "identifier": "credentials", "role": "SENDER", "url": "https://a.example", "url": "https://b.example",
                ])
                return Meeting.ok(["endpoints": [endpoint]])
            }),
        Failure(
            testDescription: "an answer without roles", code: .unableToUseClientAPI, journal: asked + ["POST credentials"],
            peer: Meeting.friendly(roles: [])),
        Failure(
            testDescription: "a party of another node", code: .invalidParameters,
            journal: asked + ["POST credentials", "DELETE credentials"], peer: Meeting.friendly(roles: [("CPO", "NL-REM")])),
        Failure(
            testDescription: "a party of another platform", code: .invalidParameters,
            journal: asked + ["POST credentials", "DELETE credentials"],
            peer: Meeting.friendly(roles: [("CPO", "AT-NEW"), ("CPO", "DE-CPO")])),
    ]

    /// What must not be served here is taken back at the platform too, with the token that it gave.
    @Test(arguments: failures)
    func aFailureLeavesTokenAAndNoParties(_ failure: Failure) async throws {
        let meeting = Meeting(peer: failure.peer)
        let id = try await prepared(meeting)
        let before = meeting.directory
        let error = await #expect(throws: OCPIError.self) { try await meeting.handshake.start(id) }
        #expect(error?.code == failure.code)
        #expect(error?.message.contains("token-") == false)
        #expect(meeting.journal == failure.journal)
        if meeting.calls.last?.method == .delete {
            #expect(meeting.calls.last?.authorization == Token("their-token-c").authorization(encoding: .base64))
        }
        let after = meeting.directory
        #expect(after.platforms.map(\.unrevised) == before.platforms.map(\.unrevised))
        #expect(after.outboundToken(of: id)?.raw == Meeting.tokenA.raw)
        #expect(after.claims(of: party("AT-NEW")).isEmpty && after.endpoints(of: id).isEmpty)
        #expect(after.status(of: id) == .planned)
    }

    @Test func whatIsNotWaitingCannotBeStarted() async throws {
        let meeting = Meeting()
        let unknown = await #expect(throws: OCPIError.self) { try await meeting.handshake.start("nobody") }
        #expect(unknown?.kind == .notFound)
        let invited = Platform(id: "invited", tokenAHash: "x")
        meeting.put(.platform(invited))
        for id in ["invited", "cpo"] {
            let error = await #expect(throws: OCPIError.self) { try await meeting.handshake.start(id) }
            #expect(error?.kind == .methodNotAllowed([]))
        }
        #expect(meeting.calls.isEmpty)
    }

    @Test func preparingAgainWithTheSameTokenReplacesThePlatformThatWaits() async throws {
        let meeting = Meeting()
        let first = try await prepared(meeting)
        let second = try await prepared(meeting)
        #expect(meeting.directory.platform(id: first) == nil && meeting.directory.platform(id: second) != nil)
    }

    // MARK: renew

    @Test func renewingReplacesBothTokensAndTakesOverTheNewVersion() async throws {
        let meeting = Meeting { call, directory in
            guard directory.platform(of: party("AT-NEW")) != nil else { return Meeting.friendly(versions: ["2.2"])(call, directory) }
            if call.method == .put {
                let hashes = directory.platform(of: party("AT-NEW"))?.tokenCHashes
                guard hashes?.count == 2, hashes?.last == TokenHash.of(Token(call.body?["token"]?.string ?? "")) else { return nil }
            }
            return Meeting.friendly(roles: [("CPO", "FR-OFF")], token: "their-token-d")(call, directory)
        }
        let before = try await connected(meeting)
        #expect(before.version == .v2_2)
        meeting.put(.platform(before.changed { $0.invited = [party("FR-OFF")] }))
        let after = try await meeting.handshake.renew(before.id)
        #expect(after.version == .v2_2_1 && after.tokenCHashes.count == 1 && after.tokenCHashes != before.tokenCHashes)
        #expect(after.retiringTokens.isEmpty)
        let directory = meeting.directory
        #expect(directory.outboundToken(of: after.id)?.raw == "their-token-d")
        #expect(directory.platform(of: party("FR-OFF"))?.id == after.id && directory.claim(of: party("AT-NEW")) == nil)
        #expect(directory.toldClientInfos.map(\.party) == [party("AT-NEW")])
    }

    @Test func aReplacedTokenStaysGoodForTheOverlap() async throws {
        let meeting = Meeting(overlap: .seconds(60))
        let before = try await connected(meeting)
        let after = try await meeting.handshake.renew(before.id)
        #expect(after.retiringTokens.map(\.hash) == before.tokenCHashes)
        #expect(after.retiringTokens.allSatisfy { $0.until > .now.adding(milliseconds: 50_000) })
    }

    @Test(arguments: [(401, nil), (405, 2000), (200, 3001)])
    func aRefusedRenewalChangesNothing(_ httpStatus: Int, _ code: Int?) async throws {
        let meeting = Meeting { $0.method == .put ? Meeting.refusal(httpStatus, code) : Meeting.friendly()($0, $1) }
        let before = try await connected(meeting)
        let error = await #expect(throws: OCPIError.self) { try await meeting.handshake.renew(before.id) }
        #expect(error?.message.contains("nothing has changed") == true)
        #expect(meeting.directory.platform(id: before.id)?.unrevised == before.unrevised)
    }

    @Test(arguments: [nil, Meeting.refusal(502), PeerAnswer(httpStatus: 200, body: ByteBuffer(string: "<html>"))])
    func ifNobodyKnowsWhetherTheTokenWasTakenBothStayGood(_ answer: PeerAnswer?) async throws {
        let meeting = Meeting { $0.method == .put ? answer : Meeting.friendly()($0, $1) }
        let before = try await connected(meeting)
        let error = await #expect(throws: OCPIError.self) { try await meeting.handshake.renew(before.id) }
        #expect(error?.message.contains("both the old and the new one stay good") == true)
        let sent = Token(try #require(meeting.calls.last?.body?["token"]?.string))
        #expect(error?.message.contains(sent.raw) == false)
        let after = try #require(meeting.directory.platform(id: before.id))
        #expect(after.tokenCHashes == before.tokenCHashes + [TokenHash.of(sent)])
    }

    @Test(arguments: ["NL-REM", "DE-CPO"])
    func rolesThatMustNotBeServedStayOutButTheTokensCount(_ name: String) async throws {
        let meeting = Meeting { call, directory in
            let isConnected = directory.platform(of: party("AT-NEW")) != nil
            return Meeting.friendly(roles: [("CPO", isConnected ? name : "AT-NEW")], token: isConnected ? "d" : "c")(call, directory)
        }
        let before = try await connected(meeting)
        let error = await #expect(throws: OCPIError.self) { try await meeting.handshake.renew(before.id) }
        #expect(error?.code == .invalidParameters)
        let after = try #require(meeting.directory.platform(id: before.id))
        #expect(after.roles == before.roles && after.tokenCHashes.count == 1 && after.tokenCHashes != before.tokenCHashes)
        #expect(meeting.directory.outboundToken(of: before.id)?.raw == "d")
        #expect(meeting.directory.platform(of: party(name))?.id != before.id)
    }

    // MARK: verify and disconnect

    @Test func verifyingAsksForOurCredentialsAndEndsBeingOffline() async throws {
        let meeting = Meeting()
        let platform = try await connected(meeting)
        meeting.put(.status(platform: platform.id, .offline, .now))
        let peer = try await meeting.handshake.verify(platform.id)
        #expect(peer.parties == [party("AT-NEW")])
        #expect(meeting.journal.last == "GET credentials")
        #expect(meeting.directory.status(of: platform.id) == .connected)
    }

    @Test func verifyingFailsWhenThePlatformDoesNotKnowUs() async throws {
        let meeting = Meeting { call, directory in
            call.method == .get && call.url.hasSuffix("credentials") ? Meeting.refusal(401) : Meeting.friendly()(call, directory)
        }
        let platform = try await connected(meeting)
        let error = await #expect(throws: OCPIError.self) { try await meeting.handshake.verify(platform.id) }
        #expect(error?.code == .unableToUseClientAPI)
    }

    @Test(arguments: [true, false])
    func disconnectingRemovesThePlatformWhetherItAnswersOrNot(_ answers: Bool) async throws {
        let meeting = Meeting { call, directory in call.method == .delete && !answers ? nil : Meeting.friendly()(call, directory) }
        let platform = try await connected(meeting)
        #expect(try await meeting.handshake.disconnect(platform.id) == answers)
        #expect(meeting.journal.last == "DELETE credentials")
        let directory = meeting.directory
        #expect(directory.platform(id: platform.id) == nil && directory.claims(of: party("AT-NEW")).isEmpty)
        #expect(directory.toldClientInfos.map(\.status) == [.suspended])
    }

    @Test func aPlatformThatNeverRegisteredIsRemovedWithoutACall() async throws {
        let meeting = Meeting()
        let id = try await prepared(meeting)
        #expect(try await meeting.handshake.disconnect(id) == false)
        #expect(meeting.calls.isEmpty && meeting.directory.platform(id: id) == nil && meeting.directory.toldClientInfos.isEmpty)
    }

    @Test func stateThatCannotBeWrittenIsAnError() async throws {
        let meeting = Meeting()
        let id = try await prepared(meeting)
        meeting.state.withLock { $0.failsWrites = true }
        let error = await #expect(throws: OCPIError.self) { try await meeting.handshake.start(id) }
        #expect(error?.code == .serverError)
        #expect(!meeting.journal.contains("POST credentials"))
    }
}
