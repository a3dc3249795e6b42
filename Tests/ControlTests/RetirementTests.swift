import Credentials
import Encoding
import Kafka
import OCPI
import Support
import Synchronization
import Testing
import Topics

@testable import Control
@testable import Directory

@Suite struct RetirementTests {
    private let now = time(1_700_000_000_000)
    private var longAgo: Timestamp { now.adding(milliseconds: -Retirement.after) }
    private var lately: Timestamp { longAgo.adding(milliseconds: 1) }

    @Test func remainsOfAPartyAreDeletedLaterWithoutAnnouncements() async throws {
        let node = StateInMemory(
            suspended("DE-OLD", "CPO", longAgo) + suspended("DE-OLD", "EMSP", longAgo) + suspended("DE-NEW", "CPO", lately))
        let forgotten = Mutex<[Set<PartyID>]>([])
        let sent = Mutex<[OutgoingRecord]>([])
        let announcer = ClientInfoAnnouncer(
            hub: party("CH-OCN"), nodeAddress: ClientInfoAnnouncerTests.own, topics: TopicNames(), state: node.shared,
            send: { (record) throws(KafkaError) in sent.withLock { $0.append(record) } })
        let retirement = retirement(node) { parties in forgotten.withLock { $0.append(parties) } }
        try await announcer.announce(now: now)
        try await retirement.run(now: now)
        #expect(node.directory.clientInfos().map(\.party.description) == ["DE-NEW"])
        #expect(node.directory.announcedClientInfos.map(\.party.description) == ["DE-NEW"])
        #expect(forgotten.withLock { $0 } == [[party("DE-OLD")]], "their links went with them")
        try await announcer.announce(now: now)
        try await retirement.run(now: now)
        #expect(sent.withLock { $0.isEmpty }, "their departure was announced before")
        #expect(forgotten.withLock { $0.count } == 1)
        try await retirement.run(now: now.adding(milliseconds: 1))
        #expect(node.directory.clientInfos().isEmpty && node.directory.announcedClientInfos.isEmpty)
    }

    @Test func onlyAnnouncedAndUnexpectedRolesAreDeleted() {
        let departed = suspended("DE-OLD", "CPO", longAgo)
        func expect(_ keys: Int, _ parties: [String], of facts: [Fact], _ why: Comment = "", at place: SourceLocation = #_sourceLocation) {
            let due = Retirement.due(in: StateInMemory(facts).directory, now: now)
            #expect(due.changes.count == keys && due.parties.map(\.description) == parties, why, sourceLocation: place)
        }
        expect(2, ["DE-OLD"], of: departed)
        expect(0, [], of: [departed[0]], "it was not announced yet")
        expect(1, ["DE-OLD"], of: [departed[1]], "the registry removed it")
        expect(0, [], of: [departed[0], .announced(info("DE-OLD", "CPO", .connected, longAgo))])
        expect(0, [], of: departed + [listed("DE-OLD", ["CPO"])], "the registry lists it")
        expect(2, [], of: departed + [listed("DE-OLD", ["EMSP"])], "in another role, whose links stay")
        let noOperator = "0x0000000000000000000000000000000000000000"
        expect(
            2, ["DE-OLD"], of: departed + [listed("DE-OLD", ["CPO"], operatorAddress: noOperator)], "removed in the form of the registries")
        let serving = platform("p", "DE-OLD", "EMSP")
        expect(2, [], of: departed + serving, "it acts in another role now")
        expect(0, [], of: suspended("DE-OLD", "EMSP", longAgo) + serving, "it is back")
    }

    @Test func aPlatformThatIsSuspendedItselfLeavesAndThenItsParties() async throws {
        for (since, isOver) in [(longAgo, true), (lately, false)] {
            let node = StateInMemory(
                platform("p", "DE-OLD", "CPO") + [
                    .status(platform: "p", .suspended, since),
                    .endpoints(platform: "p", [Endpoint(module: .locations, interface: .sender, url: "https://p")]),
                    .rules(platform: "p", signatures: true, active: nil), .announced(info("DE-OLD", "CPO", .suspended, since)),
                ])
            let retirement = retirement(node)
            try await retirement.run(now: now)
            #expect((node.directory.platform(id: "p") == nil) == isOver)
            #expect(node.directory.endpoints(of: "p").isEmpty == isOver && node.directory.claims(of: party("DE-OLD")).isEmpty == isOver)
            #expect(node.directory.clientInfos().map(\.status) == [.suspended])
            try await retirement.run(now: now)
            #expect(node.directory.clientInfos().isEmpty == isOver, "its time counts from when it was suspended")
        }
    }

    @Test func remainsOfAnUnfinishedRemovalAreDeletedAtTheSecondRun() async throws {
        let orphans: [Fact] = [
            .status(platform: "gone", .connected, now), .endpoints(platform: "gone", []),
            .rules(platform: "gone", signatures: true, active: nil),
            .rule(platform: "gone", .whitelist, .init(party: party("DE-CPO"), modules: [])),
            .claim(PartyClaim(party: party("DE-CPO"), platform: "gone", since: now)),
        ]
        let node = StateInMemory(orphans + platform("p", "DE-OLD", "CPO"))
        let retirement = retirement(node)
        try await retirement.run(now: now)
        #expect(node.written.isEmpty, "a removal may be under way")
        // The marker was deleted.
        node.delete(orphans[0].key)
        try await retirement.run(now: now)
        #expect(node.written.map(\.key).sorted() == orphans.dropFirst().map(\.key).sorted())
        #expect(orphans.allSatisfy { node.directory.fact($0.key) == nil })
        #expect(node.directory.platform(id: "p") != nil && node.directory.claims(of: party("DE-OLD")).count == 1)
    }

    /// The marker is kept as long as a process could still be writing about the platform, and while such a record exists.
    @Test func theMarkerOfARemovedPlatformIsDeletedLast() async throws {
        let node = StateInMemory([.gone(platform: "p", longAgo), .gone(platform: "q", lately)] + platform("p", "DE-OLD", "CPO"))
        let retirement = retirement(node)
        try await retirement.run(now: now)
        #expect(node.written.isEmpty, "what was written late is an orphan, and goes when it is seen twice")
        try await retirement.run(now: now)
        #expect(node.directory.orphanedKeys.isEmpty && node.directory.fact(FactKey.gone("p")) != nil)
        try await retirement.run(now: now)
        #expect(node.directory.fact(FactKey.gone("p")) == nil && node.directory.fact(FactKey.gone("q")) != nil)
        #expect(node.directory.platforms.isEmpty)
    }

    @Test func aPlatformThatLeavesAfterItsTimeDoesNotComeBack() async throws {
        let node = StateInMemory(platform("p", "DE-OLD", "CPO") + [.status(platform: "p", .suspended, longAgo)])
        try await retirement(node).run(now: now)
        #expect(node.directory.fact(FactKey.gone("p")) == .gone(platform: "p", now))
        for fact in platform("p", "DE-OLD", "CPO") { node.put(fact) }
        #expect(node.directory.platform(id: "p") == nil && node.directory.platform(of: party("DE-OLD")) == nil)
    }

    @Test func aValidRecordHiddenByALaterOneIsWrittenAgain() async throws {
        let standing = Fact.platform(Platform(id: "p", tokenCHashes: ["new"], revision: 2))
        let node = StateInMemory([standing, .platform(Platform(id: "p", tokenCHashes: ["old"], revision: 2))])
        let retirement = retirement(node)
        try await retirement.run(now: now)
        #expect(
            node.written == [.put(.platform(Platform(id: "p", tokenCHashes: ["new"], revision: 3)))], "as the next one: it counts for all")
        try await retirement.run(now: now)
        #expect(node.written.count == 1)
    }

    @Test func aClaimWithoutARegistrationIsDeleted() async throws {
        func claim(_ text: String, _ since: Timestamp) -> Fact { .claim(PartyClaim(party: party(text), platform: "p", since: since)) }
        let (abandoned, under) = (claim("DE-ABA", now.adding(milliseconds: -60_001)), claim("DE-UND", now.adding(milliseconds: -60_000)))
        let node = StateInMemory(platform("p", "DE-OLD", "CPO") + [abandoned, under])
        try await retirement(node).run(now: now)
        #expect(node.written == [.delete(key: abandoned.key)])
        #expect(node.directory.platform(of: party("DE-OLD")) != nil)
    }

    /// The hub URLs are deleted first, which takes time.
    @Test func aClaimThatIsMadeAgainDuringTheDeletionStays() async throws {
        let old = Fact.claim(PartyClaim(party: party("DE-ABA"), platform: "p", since: now.adding(milliseconds: -60_001)))
        let node = StateInMemory(suspended("DE-GON", "CPO", longAgo) + platform("p", "DE-OLD", "CPO") + [old])
        let again = Fact.claim(PartyClaim(party: party("DE-ABA"), platform: "p", since: now))
        try await retirement(node) { _ in node.put(again) }.run(now: now)
        #expect(node.directory.announced(party("DE-GON"), role: "CPO") == nil, "the rest is deleted")
        #expect(node.directory.fact(again.key) == again && !node.written.contains(.delete(key: again.key)))
    }

    /// Its claim was deleted between two runs: it is no longer invited, so no other process could restore the claim.
    @Test func theMissingClaimOfARegisteredPartyIsRestored() async throws {
        let facts = platform("p", "DE-OLD", "CPO") + platform("q", "DE-OLD", "EMSP") + platform("r", "DE-RED", "CPO")
        let node = StateInMemory(
            facts + [.platform(Platform(id: "i", tokenAHash: "a", roles: [PlatformRole(role: "CPO", party: party("DE-INV"))]))])
        for (name, id) in [("DE-OLD", "q"), ("DE-RED", "r")] { node.delete(FactKey.claim(party(name), platform: id)) }
        #expect(node.directory.platform(of: party("DE-RED")) == nil)
        let retirement = retirement(node)
        try await retirement.run(now: now)
        #expect(node.directory.platform(of: party("DE-RED"))?.id == "r")
        #expect(
            node.written == [.put(.claim(PartyClaim(party: party("DE-RED"), platform: "r", since: now)))],
            "the others are claimed, or not registered")
        try await retirement.run(now: now)
        #expect(node.written.count == 1)
    }

    @Test func everyKindOfDeletionHasItsLogLine() async throws {
        let lines = LogLines()
        func run(_ facts: [Fact]) async throws -> [String] {
            let before = lines.all.count
            let retirement = Retirement(state: StateInMemory(facts).shared, deleteLinks: { _ in 0 }, logger: lines.logger)
            try await retirement.run(now: now)
            return lines.all.dropFirst(before).map { "\($0.text): \($0.metadata["records"] ?? "")" }
        }
        func record(_ token: String) -> Fact { .platform(Platform(id: "p", tokenCHashes: [token], revision: 2)) }
        let claim = Fact.claim(PartyClaim(party: party("DE-ABA"), platform: "p", since: time(1)))
        #expect(try await run([]).isEmpty)
        #expect(try await run([record("c"), claim]) == ["deleted claims of unfinished registrations: 1"])
        #expect(
            try await run([record("c"), record("d")])
                == ["rewrote the valid records of platforms that were changed concurrently: 1"])
        #expect(try await run([.gone(platform: "g", longAgo)]) == ["deleted what remained of departed platforms: 1"])
        #expect(try await run(suspended("DE-OLD", "CPO", longAgo)) == ["deleted what remained of departed parties: 2"])
        #expect(
            try await run(platform("p", "DE-OLD", "CPO").filter { $0.key != FactKey.claim(party("DE-OLD"), platform: "p") })
                == ["restored missing claims of registered parties: 1"])
    }

    @Test func failedDeletionsAreRepeatedAtTheNextRun() async throws {
        let node = StateInMemory(suspended("DE-OLD", "CPO", longAgo))
        let retirement = retirement(node)
        node.fail(true)
        await #expect(throws: StateError.self) { try await retirement.run(now: now) }
        node.fail(false)
        try await retirement.run(now: now)
        #expect(node.directory.clientInfos().isEmpty)
    }

    // MARK: The world

    private func retirement(_ node: StateInMemory, _ forget: @escaping @Sendable (Set<PartyID>) -> Void = { _ in }) -> Retirement {
        Retirement(
            state: node.shared,
            deleteLinks: { parties in
                forget(parties)
                return 0
            }, logger: StateInMemory.silent)
    }

    private func suspended(_ text: String, _ role: String, _ since: Timestamp) -> [Fact] {
        let info = info(text, role, .suspended, since)
        return [.clientInfo(info), .announced(info)]
    }

    private func info(_ text: String, _ role: String, _ status: PlatformStatus, _ since: Timestamp) -> ClientInfo {
        ClientInfo(party: party(text), role: role, status: status, lastUpdated: since)
    }

    private func platform(_ id: String, _ text: String, _ role: String) -> [Fact] {
        [
            .platform(Platform(id: id, tokenCHashes: ["hash"], roles: [PlatformRole(role: role, party: party(text))])),
            .claim(PartyClaim(party: party(text), platform: id, since: time(1))), .status(platform: id, .connected, time(5)),
        ]
    }

    private func listed(_ text: String, _ roles: [String], operatorAddress: String = ClientInfoAnnouncerTests.own) -> Fact {
        .party(NetworkParty(party: party(text), roles: roles, operatorAddress: operatorAddress, source: "t"))
    }
}
