import Credentials
import Encoding
import OCPI
import Synchronization
import Testing

@testable import Directory

/// Changes of other processes to a platform between our last read and our own write.
@Suite struct SameTimeTests {
    private static let description = PeerClient.Description(
        version: .v2_2_1, encoding: .base64, endpoints: [Endpoint(module: .cdrs, interface: .receiver, url: "https://ours.example")])
    private static let end = Timestamp.now.adding(milliseconds: 1_000_000)

    /// `p` is connected as AT-NEW, may add FR-OFF, and calls with the token `first`.
    private func connected(_ pair: HandshakePair) async throws -> Platform {
        try await register(pair, "p", "first", [("CPO", "AT-NEW")])
        return try #require(pair.directory.platform(id: "p"))
    }

    private func register(_ pair: HandshakePair, _ id: String, _ token: String, _ roles: [(String, String)]) async throws {
        var platform = Platform(id: id, tokenAHash: id, revision: 1)
        platform.invite([party("AT-NEW"), party("FR-OFF")], until: Self.end)
        pair.put(.platform(platform))
        try await put(pair, platform, token, roles)
    }

    /// A PUT of the platform.
    private func put(_ pair: HandshakePair, _ platform: Platform, _ token: String, _ roles: [(String, String)]) async throws {
        let peer = try PeerCredentials(HandshakePair.credentials(roles: roles, token: "b"))
        try pair.registrationWriter.check(peer, for: platform)
        try await pair.registrationWriter.complete(platform, peer, Self.description, token: Token(token))
    }

    private static func removal(_ directory: Directory, _ id: String) -> [FactChange] {
        guard let platform = directory.platform(id: id) else { return [] }
        return Registration.removal(of: platform, suspendedSince: .now, now: .now, in: directory)
    }

    private func knows(_ pair: HandshakePair, _ token: String) -> Bool { pair.directory.platform(presenting: [Token(token)]) != nil }

    // MARK: Removal

    /// The moments of the other change: before the claims, the platform's record, the cleanup.
    @Test(arguments: 0...2)
    func aPlatformThatIsRemovedWhileItsPUTIsWrittenStaysGone(_ moment: Int) async throws {
        let pair = HandshakePair()
        let platform = try await connected(pair)
        pair.meanwhile { write, directory in write == moment ? Self.removal(directory, "p") : [] }
        var refusal: OCPIError?
        do {
            try await put(pair, platform, "second", [("CPO", "FR-OFF")])
        } catch let error as OCPIError {
            refusal = error
        }
        #expect((refusal?.code == .serverError) == (moment < 2), "after the platform's record it was connected first")
        #expect(pair.state.withLock { $0.writes } > moment)
        #expect(pair.directory.platform(id: "p") == nil && !knows(pair, "first") && !knows(pair, "second"))
        #expect(["AT-NEW", "FR-OFF"].allSatisfy { pair.directory.platform(of: party($0)) == nil })

        // After a new invitation it is another platform.
        pair.meanwhile { _, _ in [] }
        try await register(pair, "q", "third", [("CPO", "AT-NEW"), ("CPO", "FR-OFF")])
        #expect(knows(pair, "third") && pair.directory.platform(of: party("AT-NEW"))?.id == "q")
        #expect(pair.directory.platform(of: party("FR-OFF"))?.id == "q")
    }

    /// The moments of the other change: before the token for the platform, the claims, the platform's record.
    @Test(arguments: 0...2)
    func aPlatformThatIsRemovedWhileThisNodeRegistersWithItStaysGone(_ moment: Int) async throws {
        let pair = HandshakePair()
        let id = try await pair.handshake.prepare(HandshakePair.tokenA, versionsURL: HandshakeTests.versionsURL).id
        pair.meanwhile { write, directory in write == moment ? Self.removal(directory, id) : [] }
        let error = await #expect(throws: OCPIError.self) { try await pair.handshake.start(id) }
        #expect(error?.message.contains("changed or removed at the same time") == true)
        #expect(pair.directory.platform(id: id) == nil && pair.directory.platform(of: party("AT-NEW")) == nil)
        #expect((pair.journal.last == "DELETE credentials") == (moment > 0), "a platform that has accepted us gets a DELETE")
    }

    @Test(arguments: 0...1)
    func aPlatformThatIsRemovedWhileItsTokensAreRenewedStaysGone(_ moment: Int) async throws {
        let pair = HandshakePair()
        let id = try await pair.handshake.prepare(HandshakePair.tokenA, versionsURL: HandshakeTests.versionsURL).id
        _ = try await pair.handshake.start(id)
        pair.meanwhile { write, directory in write == moment ? Self.removal(directory, id) : [] }
        await #expect(throws: OCPIError.self) { try await pair.handshake.renew(id) }
        #expect(pair.directory.platform(id: id) == nil && pair.directory.platform(of: party("AT-NEW")) == nil)
    }

    // MARK: Renewal

    /// A request with a token that is being replaced changes neither tokens nor endpoints.
    @Test(arguments: 0...1)
    func ofTwoThatRenewFromTheSameRecordTheFirstInTheLogCounts(_ moment: Int) async throws {
        let pair = HandshakePair()
        let platform = try await connected(pair)
        let peer = try PeerCredentials(HandshakePair.credentials(roles: [("CPO", "AT-NEW")], token: "winner-b"))
        let sealed = try #require(HandshakePair.secrets.seal(peer.token))
        pair.meanwhile { write, directory in
            guard write == moment else { return [] }
            return Registration.changes(
                for: platform, peer,
                PeerClient.Description(
                    version: .v2_2_1, encoding: .base64,
                    endpoints: [Endpoint(module: .cdrs, interface: .receiver, url: "https://winner.example")]),
                newToken: Token("winner"), sealed: sealed, now: .now, in: directory)
        }
        let error = await #expect(throws: OCPIError.self) { try await put(pair, platform, "loser", [("CPO", "FR-OFF")]) }
        #expect(error?.code == .serverError)
        #expect(knows(pair, "winner") && !knows(pair, "first") && !knows(pair, "loser"))
        let directory = pair.directory
        #expect(directory.outboundToken(of: "p")?.raw == "winner-b")
        #expect(directory.endpoint(of: "p", .cdrs, .receiver) == "https://winner.example")
        #expect(directory.platform(of: party("AT-NEW"))?.id == "p")
        #expect(directory.platform(of: party("FR-OFF")) == nil && directory.claims(of: party("FR-OFF")).isEmpty, "it leaves no parties")
        #expect(directory.overruledFacts.isEmpty, "what stands is the newest record of its key again")
    }

    /// The parties that both add belong to the record that counts.
    @Test func theLosingChangeTakesNoPartyFromTheValidOne() async throws {
        let pair = HandshakePair()
        let platform = try await connected(pair)
        let peer = try PeerCredentials(HandshakePair.credentials(roles: [("CPO", "AT-NEW"), ("CPO", "FR-OFF")], token: "winner-b"))
        let sealed = try #require(HandshakePair.secrets.seal(peer.token))
        pair.meanwhile { write, directory in
            guard write == 1 else { return [] }
            return Registration.changes(
                for: platform, peer, Self.description, newToken: Token("winner"), sealed: sealed, now: .now, in: directory)
        }
        await #expect(throws: OCPIError.self) { try await put(pair, platform, "loser", [("CPO", "AT-NEW"), ("CPO", "FR-OFF")]) }
        #expect(knows(pair, "winner") && !knows(pair, "loser"))
        #expect(["AT-NEW", "FR-OFF"].allSatisfy { pair.directory.platform(of: party($0))?.id == "p" })
    }

    /// The record may become valid after its writer has stopped waiting.
    @Test func claimsStayWhileItIsUnknownWhetherTheRecordWasStored() async throws {
        let pair = HandshakePair()
        let platform = try await connected(pair)
        pair.meanwhile { _, _ in [] }
        pair.state.withLock { $0.failsFrom = 1 }
        await #expect(throws: OCPIError.self) { try await put(pair, platform, "second", [("CPO", "AT-NEW"), ("CPO", "FR-OFF")]) }
        #expect(pair.directory.platform(of: party("FR-OFF")) == nil, "but nothing is routed by them")
        #expect(pair.directory.claims(of: party("FR-OFF")).map(\.platform) == ["p"])
    }

    /// The claim is deleted by a leader that read the state before the party was claimed again.
    @Test func aPartyWhoseClaimIsGoneIsServedAgainAfterTheNextPUT() async throws {
        let pair = HandshakePair()
        let platform = try await connected(pair)
        pair.meanwhile { write, _ in write == 1 ? [.delete(key: FactKey.claim(party("FR-OFF"), platform: "p"))] : [] }
        try await put(pair, platform, "second", [("CPO", "AT-NEW"), ("CPO", "FR-OFF")])
        #expect(pair.directory.platform(of: party("FR-OFF")) == nil)

        pair.meanwhile { _, _ in [] }
        let standing = try #require(pair.directory.platform(id: "p"))
        try await put(pair, standing, "third", [("CPO", "AT-NEW"), ("CPO", "FR-OFF")])
        #expect(pair.directory.platform(of: party("FR-OFF"))?.id == "p" && pair.directory.platform(of: party("AT-NEW"))?.id == "p")
    }

    @Test(arguments: 0...1)
    func aConcurrentInvitationIsKeptAndBlocksNothing(_ moment: Int) async throws {
        let pair = HandshakePair()
        let platform = try await connected(pair)
        pair.meanwhile { write, directory in
            guard write == moment, let standing = directory.platform(id: "p") else { return [] }
            return [.put(.platform(standing.changed { $0.invite([party("DE-XXX")], until: Self.end) }))]
        }
        try await put(pair, platform, "second", [("CPO", "AT-NEW"), ("CPO", "FR-OFF")])
        #expect(knows(pair, "second") && !knows(pair, "first"))
        #expect(pair.directory.platform(id: "p")?.invited == [party("DE-XXX")])
    }

    // MARK: What the operator changes

    @Test func aTokenThatIsReplacedDoesNotComeBackWithWhatTheOperatorChanges() async throws {
        let pair = HandshakePair()
        let platform = try await connected(pair)
        pair.meanwhile { write, _ in
            write == 0 ? [.put(.platform(platform.changed { $0.tokenCHashes = [TokenHash.of(Token("second"))] }))] : []
        }
        let changed = try await pair.shared.update("p") { $0.tokenEncoding = .plain }
        #expect(changed?.tokenEncoding == .plain && changed == pair.directory.platform(id: "p"))
        #expect(knows(pair, "second") && !knows(pair, "first") && pair.directory.overruledFacts.isEmpty)

        pair.meanwhile { write, directory in write == 0 ? Self.removal(directory, "p") : [] }
        let removed = try await pair.shared.update("p") { $0.tokenEncoding = .base64 }
        #expect(removed == nil && pair.directory.platform(id: "p") == nil && !knows(pair, "second"))
    }

    @Test func aRecordThatOthersChangeAllTheTimeIsAnErrorAndNotWaitedForForEver() async throws {
        let pair = HandshakePair()
        _ = try await connected(pair)
        pair.meanwhile { write, directory in
            guard let standing = directory.platform(id: "p") else { return [] }
            return [.put(.platform(standing.changed { $0.versionsURL = "https://\(write).example" }))]
        }
        await #expect(throws: StateError.self) { try await pair.shared.update("p") { $0.tokenEncoding = .plain } }
    }
}
