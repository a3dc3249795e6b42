import Credentials
import OCPI
import Synchronization
import Testing
import Wire

@testable import Directory

/// What others write about a platform between our last look at it and our own write.
@Suite struct SameTimeTests {
    private static let description = PeerClient.Description(
        version: .v2_2_1, encoding: .base64, endpoints: [Endpoint(module: .cdrs, interface: .receiver, url: "https://ours.example")])
    private static let end = Timestamp.now.adding(milliseconds: 1_000_000)

    /// `p` is connected as AT-NEW, may add FR-OFF, and calls with the token `first`.
    private func connected(_ meeting: Meeting) async throws -> Platform {
        try await register(meeting, "p", "first", [("CPO", "AT-NEW")])
        return try #require(meeting.directory.platform(id: "p"))
    }

    private func register(_ meeting: Meeting, _ id: String, _ token: String, _ roles: [(String, String)]) async throws {
        var platform = Platform(id: id, tokenAHash: id, revision: 1)
        platform.invite([party("AT-NEW"), party("FR-OFF")], until: Self.end)
        meeting.put(.platform(platform))
        try await put(meeting, platform, token, roles)
    }

    /// As a platform does it that calls us.
    private func put(_ meeting: Meeting, _ platform: Platform, _ token: String, _ roles: [(String, String)]) async throws {
        let peer = try PeerCredentials(Meeting.credentials(roles: roles, token: "b"))
        try meeting.enrolment.check(peer, for: platform)
        try await meeting.enrolment.complete(platform, peer, Self.description, token: Token(token))
    }

    private static func removal(_ directory: Directory, _ id: String) -> [Change] {
        guard let platform = directory.platform(id: id) else { return [] }
        return Registration.removal(of: platform, suspendedSince: .now, now: .now, in: directory)
    }

    private func knows(_ meeting: Meeting, _ token: String) -> Bool { meeting.directory.platform(presenting: [Token(token)]) != nil }

    // MARK: Removal

    /// The claims, the platform's record, what is cleared away after it.
    @Test(arguments: 0...2)
    func aPlatformThatIsRemovedWhileItsPUTIsWrittenStaysGone(_ moment: Int) async throws {
        let meeting = Meeting()
        let platform = try await connected(meeting)
        meeting.meanwhile { write, directory in write == moment ? Self.removal(directory, "p") : [] }
        var refusal: OCPIError?
        do {
            try await put(meeting, platform, "second", [("CPO", "FR-OFF")])
        } catch let error as OCPIError {
            refusal = error
        }
        #expect((refusal?.code == .serverError) == (moment < 2), "after the platform's record it was connected first")
        #expect(meeting.state.withLock { $0.writes } > moment)
        #expect(meeting.directory.platform(id: "p") == nil && !knows(meeting, "first") && !knows(meeting, "second"))
        #expect(["AT-NEW", "FR-OFF"].allSatisfy { meeting.directory.platform(of: party($0)) == nil })

        // Invited anew it is another platform.
        meeting.meanwhile { _, _ in [] }
        try await register(meeting, "q", "third", [("CPO", "AT-NEW"), ("CPO", "FR-OFF")])
        #expect(knows(meeting, "third") && meeting.directory.platform(of: party("AT-NEW"))?.id == "q")
        #expect(meeting.directory.platform(of: party("FR-OFF"))?.id == "q")
    }

    /// The token that it is about to get, the claims, the platform's record.
    @Test(arguments: 0...2)
    func aPlatformThatIsRemovedWhileThisNodeRegistersWithItStaysGone(_ moment: Int) async throws {
        let meeting = Meeting()
        let id = try await meeting.handshake.prepare(Meeting.tokenA, versionsURL: HandshakeTests.versionsURL).id
        meeting.meanwhile { write, directory in write == moment ? Self.removal(directory, id) : [] }
        let error = await #expect(throws: OCPIError.self) { try await meeting.handshake.start(id) }
        #expect(error?.message.contains("changed or removed at the same time") == true)
        #expect(meeting.directory.platform(id: id) == nil && meeting.directory.platform(of: party("AT-NEW")) == nil)
        #expect((meeting.journal.last == "DELETE credentials") == (moment > 0), "a platform that has taken us is told that we leave")
    }

    @Test(arguments: 0...1)
    func aPlatformThatIsRemovedWhileItsTokensAreRenewedStaysGone(_ moment: Int) async throws {
        let meeting = Meeting()
        let id = try await meeting.handshake.prepare(Meeting.tokenA, versionsURL: HandshakeTests.versionsURL).id
        _ = try await meeting.handshake.start(id)
        meeting.meanwhile { write, directory in write == moment ? Self.removal(directory, id) : [] }
        await #expect(throws: OCPIError.self) { try await meeting.handshake.renew(id) }
        #expect(meeting.directory.platform(id: id) == nil && meeting.directory.platform(of: party("AT-NEW")) == nil)
    }

    // MARK: Renewal

    /// A holder of a token that is being replaced is too late with everything: tokens, endpoints, the token that we call with.
    @Test(arguments: 0...1)
    func ofTwoThatRenewFromTheSameRecordTheFirstInTheLogCounts(_ moment: Int) async throws {
        let meeting = Meeting()
        let platform = try await connected(meeting)
        let peer = try PeerCredentials(Meeting.credentials(roles: [("CPO", "AT-NEW")], token: "winner-b"))
        let sealed = try #require(Meeting.secrets.seal(peer.token))
        meeting.meanwhile { write, directory in
            guard write == moment else { return [] }
            return Registration.changes(
                for: platform, peer,
                PeerClient.Description(
                    version: .v2_2_1, encoding: .base64,
                    endpoints: [Endpoint(module: .cdrs, interface: .receiver, url: "https://winner.example")]),
                newToken: Token("winner"), sealed: sealed, now: .now, in: directory)
        }
        let error = await #expect(throws: OCPIError.self) { try await put(meeting, platform, "loser", [("CPO", "FR-OFF")]) }
        #expect(error?.code == .serverError)
        #expect(knows(meeting, "winner") && !knows(meeting, "first") && !knows(meeting, "loser"))
        let directory = meeting.directory
        #expect(directory.outboundToken(of: "p")?.raw == "winner-b")
        #expect(directory.endpoint(of: "p", .cdrs, .receiver) == "https://winner.example")
        #expect(directory.platform(of: party("AT-NEW"))?.id == "p")
        #expect(directory.platform(of: party("FR-OFF")) == nil && directory.claims(of: party("FR-OFF")).isEmpty, "it leaves no parties")
        #expect(directory.overruledFacts.isEmpty, "what stands is the newest record of its key again")
    }

    /// What both add belongs to the record that counts.
    @Test func whoLosesTakesNoPartyFromTheOneThatCounts() async throws {
        let meeting = Meeting()
        let platform = try await connected(meeting)
        let peer = try PeerCredentials(Meeting.credentials(roles: [("CPO", "AT-NEW"), ("CPO", "FR-OFF")], token: "winner-b"))
        let sealed = try #require(Meeting.secrets.seal(peer.token))
        meeting.meanwhile { write, directory in
            guard write == 1 else { return [] }
            return Registration.changes(
                for: platform, peer, Self.description, newToken: Token("winner"), sealed: sealed, now: .now, in: directory)
        }
        await #expect(throws: OCPIError.self) { try await put(meeting, platform, "loser", [("CPO", "AT-NEW"), ("CPO", "FR-OFF")]) }
        #expect(knows(meeting, "winner") && !knows(meeting, "loser"))
        #expect(["AT-NEW", "FR-OFF"].allSatisfy { meeting.directory.platform(of: party($0))?.id == "p" })
    }

    /// The record may come to count later than its writer waits.
    @Test func claimsStayWhereNobodyKnowsWhetherTheRecordWasStored() async throws {
        let meeting = Meeting()
        let platform = try await connected(meeting)
        meeting.meanwhile { _, _ in [] }
        meeting.state.withLock { $0.failsFrom = 1 }
        await #expect(throws: OCPIError.self) { try await put(meeting, platform, "second", [("CPO", "AT-NEW"), ("CPO", "FR-OFF")]) }
        #expect(meeting.directory.platform(of: party("FR-OFF")) == nil, "but nothing is routed by them")
        #expect(meeting.directory.claims(of: party("FR-OFF")).map(\.platform) == ["p"])
    }

    /// As it would be cleared away by a leader that looked before it was made anew.
    @Test func aPartyWhoseClaimIsGoneIsServedAgainAfterTheNextPUT() async throws {
        let meeting = Meeting()
        let platform = try await connected(meeting)
        meeting.meanwhile { write, _ in write == 1 ? [.delete(key: FactKey.claim(party("FR-OFF"), platform: "p"))] : [] }
        try await put(meeting, platform, "second", [("CPO", "AT-NEW"), ("CPO", "FR-OFF")])
        #expect(meeting.directory.platform(of: party("FR-OFF")) == nil)

        meeting.meanwhile { _, _ in [] }
        let standing = try #require(meeting.directory.platform(id: "p"))
        try await put(meeting, standing, "third", [("CPO", "AT-NEW"), ("CPO", "FR-OFF")])
        #expect(meeting.directory.platform(of: party("FR-OFF"))?.id == "p" && meeting.directory.platform(of: party("AT-NEW"))?.id == "p")
    }

    @Test(arguments: 0...1)
    func anInvitationAtTheSameTimeIsNoObstacleAndIsNotLost(_ moment: Int) async throws {
        let meeting = Meeting()
        let platform = try await connected(meeting)
        meeting.meanwhile { write, directory in
            guard write == moment, let standing = directory.platform(id: "p") else { return [] }
            return [.put(.platform(standing.changed { $0.invite([party("DE-XXX")], until: Self.end) }))]
        }
        try await put(meeting, platform, "second", [("CPO", "AT-NEW"), ("CPO", "FR-OFF")])
        #expect(knows(meeting, "second") && !knows(meeting, "first"))
        #expect(meeting.directory.platform(id: "p")?.invited == [party("DE-XXX")])
    }

    // MARK: What the operator changes

    @Test func aTokenThatIsReplacedDoesNotComeBackWithWhatTheOperatorChanges() async throws {
        let meeting = Meeting()
        let platform = try await connected(meeting)
        meeting.meanwhile { write, _ in
            write == 0 ? [.put(.platform(platform.changed { $0.tokenCHashes = [TokenHash.of(Token("second"))] }))] : []
        }
        let changed = try await meeting.shared.update("p") { $0.tokenEncoding = .plain }
        #expect(changed?.tokenEncoding == .plain && changed == meeting.directory.platform(id: "p"))
        #expect(knows(meeting, "second") && !knows(meeting, "first") && meeting.directory.overruledFacts.isEmpty)

        meeting.meanwhile { write, directory in write == 0 ? Self.removal(directory, "p") : [] }
        let removed = try await meeting.shared.update("p") { $0.tokenEncoding = .base64 }
        #expect(removed == nil && meeting.directory.platform(id: "p") == nil && !knows(meeting, "second"))
    }

    @Test func aRecordThatOthersChangeAllTheTimeIsAnErrorAndNotWaitedForForEver() async throws {
        let meeting = Meeting()
        _ = try await connected(meeting)
        meeting.meanwhile { write, directory in
            guard let standing = directory.platform(id: "p") else { return [] }
            return [.put(.platform(standing.changed { $0.versionsURL = "https://\(write).example" }))]
        }
        await #expect(throws: StateError.self) { try await meeting.shared.update("p") { $0.tokenEncoding = .plain } }
    }
}
