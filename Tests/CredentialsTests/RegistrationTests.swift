import Credentials
import Encoding
import NIOCore
import OCPI
import Testing

@testable import Directory

@Suite struct RegistrationTests {
    private let now = Timestamp(milliseconds: 1_000_000)
    private let new = party("AT-NEW")

    private func peer(_ roles: [(String, String)]) throws -> PeerCredentials {
        try PeerCredentials(HandshakePair.credentials(roles: roles, token: "b"))
    }

    private func changes(
        for platform: Platform, _ roles: [(String, String)], overlap: Duration = .zero, in directory: Directory
    ) throws -> [FactChange] {
        let peer = try peer(roles)
        return Registration.changes(
            for: platform, peer, PeerClient.Description(version: .v2_2, encoding: .base64, endpoints: []), newToken: Token("new"),
            sealed: SealedSecret(text: "sealed"), overlap: overlap, now: now, in: directory)
            + Registration.cleanup(after: platform, peer, in: directory)
    }

    // MARK: Credentials

    @Test(arguments: ["", "C/O", "C P", "CPÖ", String(repeating: "C", count: 33)])
    func aRoleThatCannotStandInAKeyIsRefused(_ role: String) {
        #expect(throws: OCPIError.self) { try peer([(role, "AT-NEW")]) }
    }

    @Test func aPlatformMayHaveSixtyFourRolesEachOnce() throws {
        let roles = (100..<132).flatMap { [("CPO", "DE-\($0)"), ("EMSP", "DE-\($0)")] }
        let many = try peer(roles)
        #expect(many.roles.count == 64 && many.parties.count == 32 && many.parties.first == PartyID("DE-100"))
        #expect(throws: OCPIError.self) { try peer(roles + [("cpo", "de-132")]) }
        #expect(throws: OCPIError.self) { try peer(roles.dropLast() + [("cpo", "de-100")]) }
    }

    @Test func businessDetailsAreShort() throws {
        func peer(_ length: Int) throws -> PeerCredentials {
            try PeerCredentials([
                "token": "b", "url": "https://x.example/v",
                "roles": [
                    [
                        "role": "CPO", "country_code": "AT", "party_id": "NEW",
                        "business_details": ["name": .string(String(repeating: "n", count: length))],
                    ]
                ],
            ])
        }
        #expect(try peer(4000).roles.count == 1)
        #expect(throws: OCPIError.self) { try peer(4096) }
    }

    @Test(arguments: ["https://x.example/v#a", "https://x.example/v ", "https://x.example/../v"])
    func aURLThatCouldNotBeCalledAsItStandsIsRefused(url: String) throws {
        let answer = PeerAnswer(
            httpStatus: 200,
            body: JSONValue.object([
                "status_code": 1000,
                "data": ["endpoints": [["identifier": "locations", "role": "SENDER", "url": .string(url)]]],
            ]).encoded())
        #expect { try answer.endpoints() } throws: { "\($0)".contains("the URL of locations SENDER ") }
    }

    /// Ids are added before the query, so that no part is lost.
    @Test(arguments: ["https://x.example/v?f[t]=a%20b", "https://x.example/v?"])
    func anEndpointMayHaveAQuery(url: String) throws {
        let answer = PeerAnswer(
            httpStatus: 200,
            body: JSONValue.object([
                "status_code": 1000,
                "data": ["endpoints": [["identifier": "locations", "role": "RECEIVER", "url": .string(url)]]],
            ]).encoded())
        #expect(try answer.endpoints().map(\.url) == [url])
        let called = URLJoin.join(url, "DE/CPO/LOC%2A1", query: "x=1")
        #expect(called.hasPrefix("https://x.example/v/DE/CPO/LOC%2A1?") && called.hasSuffix("x=1"))
    }

    @Test func onlySoManyEndpointsAreTaken() throws {
        func answer(_ count: Int) -> PeerAnswer {
            let list = (0..<count).map {
                JSONValue.object(["identifier": .string("m\($0)"), "role": "SENDER", "url": "https://x.example/"])
            }
            return PeerAnswer(
                httpStatus: 200, body: JSONValue.object(["status_code": 1000, "data": ["endpoints": .array(list)]]).encoded())
        }
        #expect(try answer(64).endpoints().count == 64)
        #expect(throws: OCPIError.self) { try answer(65).endpoints() }
    }

    // MARK: Who may act for whom

    @Test func aTokenAIsForThePartiesItWasIssuedFor() throws {
        var directory = HandshakePair().directory
        let address = try #require(directory.networkParty(new)?.operatorAddress)
        let other = NetworkParty(party: party("AT-OTH"), roles: ["CPO"], operatorAddress: address, source: "test")
        let provider = party("AT-BIL")
        for fact in [
            .party(other), .party(NetworkParty(party: provider, roles: ["OTHER"], operatorAddress: address, source: "test")),
            .service(NetworkService(provider: provider, name: "", permissions: [0], delivery: .push, source: "test")),
        ] as [Fact] { directory.apply(key: fact.key, fact) }
        func check(_ parties: [PartyID], _ platform: Platform) throws {
            try Registration.check(parties, for: platform, nodeAddress: address, now: now, in: directory)
        }
        func refused(_ parties: [PartyID], _ platform: Platform) -> Bool {
            do { try check(parties, platform) } catch { return "\(error)".contains("was not invited through this connection") }
            return false
        }
        let named = Platform(id: "p", tokenAHash: "a", invited: [new])
        try check([new], named)
        #expect(refused([other.party], named) && refused([new, other.party], named) && refused([provider], named))
        let open = Platform(id: "p", tokenAHash: "a")
        try check([new, other.party], open)
        #expect(refused([provider], open), "a service provider gets copies of others' requests")
        // The operator chose the platform with which this node registers, but must name its parties all the same.
        var chosen = Platform(id: "p", tokenAHash: "a", versionsURL: "https://x.example/v")
        try check([new, other.party], chosen)
        #expect(refused([new, provider], chosen))
        chosen.invite([provider], until: now.adding(milliseconds: 1))
        try check([provider], chosen)
        #expect(refused([new], chosen))
        chosen.invite([provider], until: now)
        #expect(refused([provider], chosen) && refused([new], chosen), "an invitation that has ended does not open it for others")
        // A party added by PUT.
        var registered = Platform(
            id: "p", tokenCHashes: ["c"], versionsURL: "https://x.example/v", roles: [PlatformRole(role: "CPO", party: new)])
        try check([new], registered)
        #expect(refused([new, other.party], registered))
        registered.invite([party("at-oth")], until: now.adding(milliseconds: 1))
        try check([new, other.party], registered)
        registered.invite([other.party], until: now)
        #expect(registered.invited.count == 1 && refused([new, other.party], registered))
    }

    @Test func anInvitationIsUsedUpByTheRegistrationOfItsParty() throws {
        var platform = Platform(id: "p", tokenAHash: "a", tokenAExpires: now.adding(milliseconds: 1))
        platform.invite([new, party("FR-OFF")], until: now.adding(milliseconds: 5))
        platform.invite([party("AT-OLD")], until: now)
        let last = try changes(for: platform, [("CPO", "AT-NEW")], in: HandshakePair().directory).last
        guard let first = last?.value(as: Platform.self) else {
            Issue.record("no platform")
            return
        }
        #expect(first.invited == [party("FR-OFF")] && first.invitedUntil == [party("FR-OFF"): now.adding(milliseconds: 5)])
        #expect(first.tokenAHash == nil && first.tokenAExpires == nil)
        let next = try changes(for: first, [("CPO", "FR-OFF")], in: HandshakePair().directory)
        let second = try #require(
            next.lazy.compactMap { change -> Platform? in
                guard let platform = change.value(as: Platform.self) else { return nil }
                return platform
            }.first)
        #expect(second.invited.isEmpty && second.invitedUntil.isEmpty)
        #expect(throws: OCPIError.self, "it has left: the operator decides whether it may come back") {
            try Registration.check([new], for: second, nodeAddress: HandshakePair.ownAddress, now: now, in: HandshakePair().directory)
        }
    }

    @Test func rolesAreThoseOfOCPIAndOfTheRegistry() throws {
        var directory = HandshakePair().directory
        var listed = try #require(directory.networkParty(new))
        listed.roles = ["cpo", "Parking"]
        let fact = Fact.party(listed)
        directory.apply(key: fact.key, fact)
        try Registration.check(["CPO", "EMSP", "OTHER", "PARKING"].map { PlatformRole(role: $0, party: new) }, in: directory)
        for role in ["MADEUP", "CPO1"] {
            #expect(throws: OCPIError.self) { try Registration.check([PlatformRole(role: role, party: new)], in: directory) }
        }
    }

    @Test func aTokenAExpires() {
        var directory = HandshakePair().directory
        let fact = Fact.platform(Platform(id: "p", tokenAHash: TokenHash.of(Token("a")), tokenAExpires: now, invited: [new]))
        directory.apply(key: fact.key, fact)
        #expect(directory.platform(presenting: [Token("a")], now: now.adding(milliseconds: -1))?.platform.id == "p")
        #expect(directory.platform(presenting: [Token("a")], now: now) == nil)
    }

    // MARK: Two at once

    /// One platform on its way through the steps of a registration, with the state that it has read so far.
    private struct Contender {
        let platform: Platform
        /// Its clock.
        let now: Timestamp
        var step = 0
        /// The length of the log behind its claim.
        var claimedAt = 0
        var isOut = false
        var hasWon = false
    }

    /// All orders in which two contenders can take their four steps each.
    private static let interleavings: [[Int]] = {
        var orders: [[Int]] = [[]]
        for _ in 0..<8 {
            orders = orders.flatMap { order in
                [0, 1].filter { who in order.count { $0 == who } < 4 }.map { order + [$0] }
            }
        }
        return orders
    }()

    /// Whatever the clocks show and however old the snapshots are: exactly one is connected, and all processes agree on it.
    @Test(arguments: [-5000, 0, 5000] as [Int64], [true, false])
    func ofTwoThatClaimAPartyAtOnceExactlyOneGetsIt(_ skew: Int64, _ readsLate: Bool) throws {
        #expect(Self.interleavings.count == 70)
        let start = HandshakePair().directory
        for order in Self.interleavings {
            var log: [FactChange] = ["one", "two"].map { .put(.platform(Platform(id: $0, tokenAHash: $0))) }
            var contenders = [
                Contender(platform: Platform(id: "one", tokenAHash: "one"), now: now),
                Contender(platform: Platform(id: "two", tokenAHash: "two"), now: now.adding(milliseconds: skew)),
            ]
            func snapshot(_ length: Int) -> Directory {
                var directory = start
                directory.apply(Array(log.prefix(length)))
                return directory
            }
            for who in order where !contenders[who].isOut {
                let platform = contenders[who].platform
                let time = contenders[who].now
                // A snapshot contains at least what its process has written itself.
                let directory = snapshot(readsLate ? max(2, contenders[who].claimedAt) : log.count)
                contenders[who].step += 1
                switch contenders[who].step {
                case 1:
                    let check: Void? = try? Registration.check(
                        [new], for: platform, nodeAddress: HandshakePair.ownAddress, now: time, in: directory)
                    contenders[who].isOut = check == nil
                case 2:
                    log += Registration.claims(of: [new], for: platform, now: time)
                    contenders[who].claimedAt = log.count
                case 3:
                    guard (try? Registration.confirm([new], for: platform, now: time, in: directory)) == nil else { continue }
                    contenders[who].isOut = true
                    log += Registration.withdrawal(of: [new], for: platform)
                default:
                    log += try changes(for: platform, [("CPO", "AT-NEW")], in: directory)
                    contenders[who].hasWon = true
                }
            }
            let winners = contenders.filter(\.hasWon).map(\.platform.id)
            #expect(winners.count == 1, "\(order)")
            let end = snapshot(log.count)
            #expect(end.platform(of: new)?.id == winners.first, "\(order)")
            #expect(end.claims(of: new).map(\.platform) == winners, "\(order)")
        }
    }

    @Test func aClaimThatTheLoserCouldNotTakeBackDoesNotHideTheWinner() {
        var directory = HandshakePair().directory
        directory.apply([
            .put(.platform(Platform(id: "one", tokenCHashes: ["c"], roles: [PlatformRole(role: "CPO", party: new)]))),
            .put(.platform(Platform(id: "two", tokenAHash: "a"))),
            .put(.claim(PartyClaim(party: new, platform: "one", since: now))),
            .put(.claim(PartyClaim(party: new, platform: "two", since: now.adding(milliseconds: -1)))),
        ])
        #expect(directory.platform(of: new)?.id == "one")
    }

    @Test func aPartyOfARegisteredPlatformIsNeverTakenOver() throws {
        var directory = HandshakePair().directory
        directory.apply(.put(.platform(Platform(id: "two", tokenAHash: "a"))))
        let two = try #require(directory.platform(id: "two"))
        #expect(throws: OCPIError.self) {
            try Registration.check([party("DE-CPO")], for: two, nodeAddress: HandshakePair.ownAddress, now: now, in: directory)
        }
        // The claim does not count even if its writer had not read the earlier one.
        directory.apply(Registration.claims(of: [party("DE-CPO")], for: two, now: Timestamp(milliseconds: 0)))
        #expect(throws: OCPIError.self) { try Registration.confirm([party("DE-CPO")], for: two, now: now, in: directory) }
        #expect(directory.platform(of: party("DE-CPO"))?.id == "cpo")
    }

    // MARK: What is written

    @Test func thePlatformsRecordMakesTheRestEffective() throws {
        let platform = Platform(id: "p", tokenAHash: "a", roles: [PlatformRole(role: "CPO", party: party("AT-OLD"))])
        let changes = try changes(for: platform, [("CPO", "AT-NEW")], in: HandshakePair().directory)
        #expect(changes.last == .delete(key: FactKey.claim(party("AT-OLD"), platform: "p")))
        guard let written = changes.dropLast().last?.value(as: Platform.self) else {
            Issue.record("\(changes)")
            return
        }
        #expect(written.revision == platform.revision + 1 && written.endpoints == [])
        #expect(written.tokenAHash == nil && written.tokenCHashes == [TokenHash.of(Token("new"))] && written.version == .v2_2)
    }

    @Test func anOverlapKeepsTheReplacedTokensForAWhile() throws {
        let platform = Platform(
            id: "p", tokenCHashes: ["old", TokenHash.of(Token("new"))], retiringTokens: [.init(hash: "older", until: now)])
        for (overlap, retiring) in [
            (Duration.zero, []), (.milliseconds(1500), [RetiringToken(hash: "old", until: now.adding(milliseconds: 1500))]),
        ] {
            let changes = try changes(for: platform, [("CPO", "AT-NEW")], overlap: overlap, in: HandshakePair().directory)
            guard let written = changes.last?.value(as: Platform.self) else {
                Issue.record("\(changes)")
                return
            }
            #expect(written.retiringTokens == retiring)
        }
    }

    @Test func departedPartiesAreListedAsSuspendedUntilTheyReturn() throws {
        var directory = HandshakePair().directory
        let platform = Platform(id: "p", tokenAHash: "a", roles: [])
        directory.apply([.put(.platform(platform))] + Registration.claims(of: [new, party("FR-OFF")], for: platform, now: now))
        directory.apply(try changes(for: platform, [("CPO", "AT-NEW"), ("EMSP", "AT-NEW"), ("CPO", "FR-OFF")], in: directory))
        #expect(directory.toldClientInfos.isEmpty)

        // Without one role and one party.
        directory.apply(try changes(for: try #require(directory.platform(id: "p")), [("EMSP", "AT-NEW")], in: directory))
        let reports = directory.toldClientInfos
        #expect(reports.map { "\($0.role) \($0.party) \($0.status.rawValue)" } == ["CPO AT-NEW SUSPENDED", "CPO FR-OFF SUSPENDED"])
        #expect(reports.allSatisfy { $0.lastUpdated == now })
        #expect(directory.clientInfos().first { $0.party == new && $0.role == "EMSP" }?.status == .connected)

        // With them again.
        directory.apply(try changes(for: try #require(directory.platform(id: "p")), [("CPO", "AT-NEW")], in: directory))
        #expect(directory.toldClientInfos.map { "\($0.role) \($0.party)" } == ["EMSP AT-NEW", "CPO FR-OFF"])
    }

    @Test(arguments: [false, true])
    func aReturningPartyIsAnnouncedAsConnectedWhetherOrNotItsDepartureWas(isTold: Bool) throws {
        var directory = HandshakePair().directory
        let before = Platform(id: "p", tokenAHash: "a")
        directory.apply([.put(.platform(before))] + Registration.claims(of: [new], for: before, now: now))
        directory.apply(try changes(for: before, [("CPO", "AT-NEW")], in: directory))
        let connected = ClientInfo(party: new, role: "CPO", status: .connected, lastUpdated: now.adding(milliseconds: -1))
        directory.apply([.put(.announced(connected))])

        let registered = try #require(directory.platform(id: "p"))
        directory.apply(Registration.removal(of: registered, suspendedSince: now, now: now, in: directory))
        if isTold {
            let suspended = ClientInfo(party: new, role: "CPO", status: .suspended, lastUpdated: now)
            directory.apply([.put(.announced(suspended))])
        }
        let after = Platform(id: "q", tokenAHash: "b")
        directory.apply([.put(.platform(after))] + Registration.claims(of: [new], for: after, now: now))
        directory.apply(try changes(for: after, [("CPO", "AT-NEW")], in: directory))
        #expect(directory.clientInfos().first { $0.party == new }?.status == .connected)
        #expect(directory.announced(new, role: "CPO")?.status != .connected, "its connection must be announced")
    }

    @Test func removalLeavesNothingButTheSuspendedParties() throws {
        var directory = HandshakePair().directory
        let before = directory
        let platform = Platform(id: "p", tokenAHash: "a", invited: [party("FR-OFF")])
        directory.apply([.put(.platform(platform))] + Registration.claims(of: [new, party("FR-OFF")], for: platform, now: now))
        directory.apply(try changes(for: platform, [("CPO", "AT-NEW")], in: directory))
        directory.apply([
            .put(.rules(platform: "p", signatures: true, active: .blacklist)),
            .put(.rule(platform: "p", .blacklist, .init(party: party("DE-CPO"), modules: []))),
            .put(.rule(platform: "p", .whitelist, .init(party: party("NL-REM"), modules: [.cdrs]))),
        ])
        let changes = Registration.removal(
            of: try #require(directory.platform(id: "p")), suspendedSince: now, now: now.adding(milliseconds: 9), in: directory)
        directory.apply(changes)

        let keys = [
            FactKey.platform("p"), FactKey.endpoints("p"), FactKey.status("p"), FactKey.rules("p"),
            FactKey.rule("p", .blacklist, party("DE-CPO")), FactKey.rule("p", .whitelist, party("NL-REM")),
            FactKey.claim(new, platform: "p"),
            FactKey.claim(party("FR-OFF"), platform: "p"),
        ]
        #expect(keys.allSatisfy { directory.fact($0) == nil })
        #expect(directory.platforms == before.platforms)
        #expect(directory.toldClientInfos == [ClientInfo(party: new, role: "CPO", status: .suspended, lastUpdated: now)])
        #expect(directory.fact(FactKey.gone("p")) == .gone(platform: "p", now.adding(milliseconds: 9)))
        // The SUSPENDED status is written before the record is deleted: at no moment the party is only PLANNED.
        guard changes.first?.value(as: ToldClientInfo.self) != nil else {
            Issue.record("\(changes)")
            return
        }
    }
}

extension Directory {
    fileprivate mutating func apply(_ change: FactChange) { apply([change]) }
}
