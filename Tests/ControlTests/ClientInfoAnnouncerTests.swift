import Directory
import Encoding
import Kafka
import NIOCore
import OCPI
import Synchronization
import Testing
import Topics

@testable import Control

@Suite struct ClientInfoAnnouncerTests {
    static let own = "0x00000000000000000000000000000000000000aa"
    static let other = "0x00000000000000000000000000000000000000bb"
    let now = time(1_700_000_000_000)

    @Test func everyPartyIsAnnouncedOnceAndThenOnlyItsChanges() async throws {
        let node = StateInMemory(facts())
        let kafka = Sent()
        let announcer = announcer(node, kafka)
        try await announcer.announce(now: now)
        #expect(
            Set(kafka.announced) == [
                "DE-MSP ← DE-CPO CONNECTED", "DE-MSP ← CH-CPO CONNECTED", "DE-MSP ← NL-REM PLANNED",
                "DE-CPO ← DE-MSP CONNECTED", "DE-CPO ← NL-REM PLANNED",
                "\(Self.other) ← DE-CPO CONNECTED", "\(Self.other) ← CH-CPO CONNECTED", "\(Self.other) ← DE-MSP CONNECTED",
            ])
        #expect(node.directory.announced(party("NL-REM"), role: "CPO")?.lastUpdated == now, "the registry has no time of it")
        #expect(node.directory.announced(party("DE-CPO"), role: "CPO")?.lastUpdated == time(5))

        kafka.clear()
        try await announcer.announce(now: now)
        node.put(.status(platform: "cpo", .connected, time(50)))
        try await announcer.announce(now: now)
        #expect(kafka.announced.isEmpty, "a newer time is no change")

        node.put(.status(platform: "msp", .offline, time(60)))
        try await announcer.announce(now: now)
        #expect(Set(kafka.announced) == ["DE-CPO ← DE-MSP OFFLINE", "\(Self.other) ← DE-MSP OFFLINE"])
        #expect(node.directory.announced(party("DE-MSP"), role: "EMSP") == info("DE-MSP", "EMSP", .offline, 60))
    }

    @Test func aRecordSaysAllThatIsNeededToSendIt() async throws {
        let node = StateInMemory(facts())
        let kafka = Sent()
        try await announcer(node, kafka).announce(now: now)
        let record = try #require(kafka.records.first { $0.key == "DE-MSP|DE-CPO|hubclientinfo|CPO" })
        #expect(record.topic == "ocn.announce")
        let request = try Sent.read(record).request
        #expect(request.module == .hubclientinfo && request.interface == .receiver && request.method == .put)
        #expect(request.path == "DE/CPO" && request.from == party("CH-OCN") && request.to == party("DE-MSP"))
        #expect(request.version == .v2_2 && request.contentType == "application/json" && request.deadline == nil)
        #expect(request.body.flatMap { try? JSONValue.parse($0) } == info("DE-CPO", "CPO", .connected, 5).json)
        let ids = try kafka.records.filter { $0.key?.contains("DE-CPO|hubclientinfo") == true }.map { try Sent.read($0).request }
        #expect(ids.count == 2 && Set(ids.map(\.requestID)).count == 2 && Set(ids.map(\.correlationID)).count == 1)
        #expect(Set(ids.map(\.id)).count == 2)
    }

    @Test func onlyConnectedPlatformsWithTheReceiverInterfaceGetOneAnnouncement() async throws {
        let node = StateInMemory(
            facts() + [
                platform("deaf", ["DE-DEA"], role: "EMSP"), .endpoints(platform: "deaf", []),
                .status(platform: "deaf", .connected, time(5)), claim("DE-DEA", "deaf"),
                platform("off", ["DE-OFF"], role: "EMSP"), receiver("off"), .status(platform: "off", .offline, time(5)),
                claim("DE-OFF", "off"),
            ])
        let kafka = Sent()
        try await announcer(node, kafka).announce(now: now)
        #expect(Set(try kafka.records.map(Sent.read).filter { $0.node == nil }.map(\.request.to)) == [party("DE-CPO"), party("DE-MSP")])
        #expect(kafka.announced.filter { $0 == "DE-CPO ← DE-OFF OFFLINE" }.count == 1, "one push per platform, not per party")
        #expect(!kafka.announced.contains { $0.hasPrefix("CH-CPO") })
    }

    @Test func aPlatformGetsNoAnnouncementOfAPartyThatItsRulesExclude() async throws {
        let entry = OCNRules.Entry(party: party("DE-MSP"), modules: [])
        for (list, expected) in [(OCNRules.List.whitelist, ["DE-MSP"]), (.blacklist, ["NL-REM"])] {
            let node = StateInMemory(
                facts() + [.rules(platform: "cpo", signatures: false, active: list), .rule(platform: "cpo", list, entry)])
            let kafka = Sent()
            try await announcer(node, kafka).announce(now: now)
            let heard = try kafka.records.map(Sent.read).filter { $0.node == nil && $0.request.to == party("DE-CPO") }
            #expect(heard.compactMap { $0.request.body?.jsonString(["party_id"]) }.sorted() == expected.map { String($0.suffix(3)) })
        }
    }

    @Test func aPartyThatLeftOrWasRemovedFromTheRegistryIsAnnouncedAsSuspendedAndNeverAsPlannedAgain() async throws {
        let node = StateInMemory(facts() + [listed("DE-NEW", Self.own)])
        let kafka = Sent()
        let announcer = announcer(node, kafka)
        try await announcer.announce(now: now)
        #expect(kafka.announced.contains("DE-MSP ← DE-NEW PLANNED") && kafka.announced.contains("\(Self.other) ← DE-NEW PLANNED"))

        // The records that a deletion of credentials writes.
        kafka.clear()
        node.put(.clientInfo(info("DE-MSP", "EMSP", .suspended, 70)))
        for key in [
            FactKey.platform("msp"), FactKey.endpoints("msp"), FactKey.claim(party("DE-MSP"), platform: "msp"), FactKey.status("msp"),
        ] {
            node.delete(key)
        }
        // The registry removes parties: one of this node, and one of another node that had reported it.
        node.put(.clientInfo(info("NL-REM", "CPO", .connected, 71)))
        node.delete(FactKey.party(party("DE-NEW")))
        try await announcer.announce(now: now)
        #expect(
            Set(kafka.announced) == [
                "DE-CPO ← DE-MSP SUSPENDED", "\(Self.other) ← DE-MSP SUSPENDED", "DE-CPO ← DE-NEW SUSPENDED", "DE-CPO ← NL-REM CONNECTED",
            ])
        #expect(try #require(node.directory.announced(party("DE-NEW"), role: "CPO")).lastUpdated >= now)

        kafka.clear()
        node.delete(FactKey.party(party("NL-REM")))
        node.delete(FactKey.party(party("DE-MSP")))
        try await announcer.announce(now: now.adding(milliseconds: 5))
        #expect(kafka.announced == ["DE-CPO ← NL-REM SUSPENDED"])
        #expect(node.directory.toldClientInfos.isEmpty, "reports of other nodes about removed parties are deleted")
        #expect(node.directory.clientInfos().filter { $0.status == .suspended }.map(\.party.description) == ["DE-MSP", "DE-NEW", "NL-REM"])
        try await announcer.announce(now: now)
        #expect(kafka.announced.count == 1)

        // After it is listed again, it is PLANNED again.
        kafka.clear()
        node.put(listed("DE-NEW", Self.own))
        try await announcer.announce(now: now.adding(milliseconds: 9))
        #expect(Set(kafka.announced) == ["DE-CPO ← DE-NEW PLANNED", "\(Self.other) ← DE-NEW PLANNED"])
    }

    @Test func reportsOfAnotherNodeAreAnnouncedToPlatformsButNotToNodes() async throws {
        let node = StateInMemory(facts())
        let kafka = Sent()
        let announcer = announcer(node, kafka)
        try await announcer.announce(now: now)
        kafka.clear()
        node.put(.clientInfo(info("NL-REM", "CPO", .offline, 80)))
        try await announcer.announce(now: now)
        #expect(Set(kafka.announced) == ["DE-CPO ← NL-REM OFFLINE", "DE-MSP ← NL-REM OFFLINE"])
    }

    @Test func aPartyThatMovesHereIsPlannedWhateverItsFormerNodeReported() async throws {
        let node = StateInMemory(facts() + [.clientInfo(info("NL-REM", "CPO", .connected, 80))])
        let kafka = Sent()
        let announcer = announcer(node, kafka)
        try await announcer.announce(now: now)
        kafka.clear()
        node.put(listed("NL-REM", Self.own))
        try await announcer.announce(now: now)
        #expect(
            Set(kafka.announced) == ["DE-CPO ← NL-REM PLANNED", "DE-MSP ← NL-REM PLANNED", "\(Self.other) ← NL-REM PLANNED"])
    }

    @Test func failedAnnouncementsAreRepeated() async throws {
        let node = StateInMemory(facts())
        let kafka = Sent()
        let announcer = announcer(node, kafka)
        kafka.fail(true)
        await #expect(throws: KafkaError.self) { try await announcer.announce(now: now) }
        #expect(node.written.isEmpty)
        kafka.fail(false)
        node.fail(true)
        await #expect(throws: StateError.self) { try await announcer.announce(now: now) }
        let first = Set(kafka.announced)
        kafka.clear()
        node.fail(false)
        try await announcer.announce(now: now)
        #expect(Set(kafka.announced) == first && first.count == 8)
    }

    @Test func withManyListenersChangesAreAnnouncedAndRecordedOneByOne() async throws {
        let node = StateInMemory(facts())
        let kafka = Sent()
        let announcer = ClientInfoAnnouncer(
            hub: party("CH-OCN"), nodeAddress: Self.own, topics: TopicNames(), state: node.shared, maxRecords: 3,
            send: { (record) throws(KafkaError) in
                try kafka.add(record)
                if kafka.records.count == 4 { kafka.fail(true) }
            })
        await #expect(throws: KafkaError.self) { try await announcer.announce(now: now) }
        #expect((1...2).contains(node.written.count), "each announcement is recorded before the next one")
        kafka.fail(false)
        try await announcer.announce(now: now)
        #expect(Set(kafka.announced).count == 8)
    }

    /// Roles that an older version let a platform or another node invent: they are not listed, and are deleted without thousands of
    /// announcements.
    @Test func inventedRolesAreDeletedWithoutAnnouncements() async throws {
        let node = StateInMemory(facts() + [listed("DE-PRK", Self.own, role: "Parking")])
        let kafka = Sent()
        let announcer = announcer(node, kafka)
        try await announcer.announce(now: now)
        #expect(kafka.announced.contains("DE-MSP ← DE-PRK PLANNED"), "a role that the registry lists is none of these")
        kafka.clear()
        let invented = (0..<500).map { "ROLE\($0)" }
        let cpo = try #require(node.directory.platform(id: "cpo"))
        node.put(.platform(cpo.changed { $0.roles += invented.map { PlatformRole(role: $0, party: party("DE-CPO")) } }))
        for role in invented {
            node.put(.announced(info("DE-CPO", role, .connected, 5)))
            node.put(.announced(info("NL-REM", role, .suspended, 5)))
            node.put(.clientInfo(info("NL-REM", role, .connected, 5)))
        }
        #expect(!node.directory.clientInfos().contains { $0.role.hasPrefix("ROLE") })
        try await announcer.announce(now: now)
        #expect(kafka.announced.isEmpty)
        #expect(!node.directory.announcedClientInfos.contains { $0.role.hasPrefix("ROLE") } && node.directory.toldClientInfos.isEmpty)
        #expect(node.directory.announcedClientInfos.contains { $0.role == "Parking" })
        #expect(node.directory.clientInfos().contains { $0.party == party("DE-CPO") && $0.status == .connected })
    }

    /// A role that OCPI does not define: the party may have it as long as the registry lists it.
    @Test(arguments: [["CPO"], []])
    func aRoleThatTheRegistryRemovesIsAnnouncedAsSuspendedOnce(_ rest: [String]) async throws {
        func listed(_ name: String, _ address: String, _ roles: [String]) -> Fact {
            .party(NetworkParty(party: party(name), roles: roles, operatorAddress: address, source: "t"))
        }
        let node = StateInMemory(
            facts() + [
                listed("DE-PRK", Self.own, ["PARKING"]), listed("DE-OFF", Self.own, ["Parking"]),
                listed("NL-PRK", Self.other, ["PARKING"]), .clientInfo(info("NL-PRK", "PARKING", .connected, 5)),
                platform("prk", ["DE-PRK"], role: "PARKING"), .status(platform: "prk", .connected, time(5)), claim("DE-PRK", "prk"),
            ])
        let kafka = Sent()
        let announcer = announcer(node, kafka)
        try await announcer.announce(now: now)
        let before = ["DE-MSP ← DE-PRK CONNECTED", "DE-MSP ← DE-OFF PLANNED", "DE-MSP ← NL-PRK CONNECTED"]
        #expect(before.allSatisfy(kafka.announced.contains))

        kafka.clear()
        for (name, address) in [("DE-PRK", Self.own), ("DE-OFF", Self.own), ("NL-PRK", Self.other)] {
            node.put(listed(name, address, rest))
        }
        try await announcer.announce(now: now)
        let suspended = kafka.announced.filter { $0.hasSuffix("SUSPENDED") }
        for name in ["DE-PRK", "DE-OFF", "NL-PRK"] {
            #expect(suspended.filter { $0 == "DE-MSP ← \(name) SUSPENDED" }.count == 1, "\(name)")
            #expect(node.directory.clientInfos().contains { $0.party == party(name) && $0.status == .suspended }, "it stays in the list")
        }
        #expect(suspended.contains("\(Self.other) ← DE-PRK SUSPENDED"), "nodes get announcements of parties of this one")
        kafka.clear()
        try await announcer.announce(now: now)
        #expect(kafka.announced.isEmpty)

        // It is deleted after 30 days, although a platform is connected in it.
        let later = now.adding(milliseconds: Retirement.after + 1)
        try await Retirement(state: node.shared, deleteLinks: { _ in 0 }, logger: StateInMemory.silent).run(now: later)
        #expect(!node.directory.announcedClientInfos.contains { $0.role.uppercased() == "PARKING" })
        try await announcer.announce(now: later)
        #expect(kafka.announced.isEmpty && !node.directory.clientInfos().contains { $0.role.uppercased() == "PARKING" })
    }

    // MARK: The world

    private func announcer(_ node: StateInMemory, _ kafka: Sent) -> ClientInfoAnnouncer {
        ClientInfoAnnouncer(
            hub: party("CH-OCN"), nodeAddress: Self.own.uppercased().replacing("0X", with: "0x"), topics: TopicNames(), state: node.shared,
            send: { (record) throws(KafkaError) in try kafka.add(record) })
    }

    /// `DE-CPO` and `CH-CPO` share a platform here, `DE-MSP` has another one; `NL-REM` is at another node.
    private func facts() -> [Fact] {
        [
            platform("cpo", ["DE-CPO", "CH-CPO"], role: "CPO"), receiver("cpo"), .status(platform: "cpo", .connected, time(5)),
            claim("DE-CPO", "cpo"), claim("CH-CPO", "cpo"),
            platform("msp", ["DE-MSP"], role: "EMSP", version: .v2_2), receiver("msp"), .status(platform: "msp", .connected, time(6)),
            claim("DE-MSP", "msp"),
            .node(NetworkNode(operatorAddress: Self.own, url: "https://hub.example", source: "t")),
            .node(NetworkNode(operatorAddress: Self.other, url: "https://other.example", source: "t")),
            .node(NetworkNode(operatorAddress: "0x00000000000000000000000000000000000000cc", url: "", source: "t")),
            listed("DE-CPO", Self.own), listed("CH-CPO", Self.own), listed("DE-MSP", Self.own, role: "EMSP"), listed("NL-REM", Self.other),
        ]
    }

    private func platform(_ id: String, _ parties: [String], role: String, version: OCPIVersion = .v2_2_1) -> Fact {
        .platform(
            Platform(
                id: id, tokenCHashes: ["hash of \(id)"], version: version, roles: parties.map { PlatformRole(role: role, party: party($0)) }
            ))
    }
    private func receiver(_ platform: String) -> Fact {
        .endpoints(platform: platform, [Endpoint(module: .hubclientinfo, interface: .receiver, url: "https://\(platform).example/hci")])
    }
    private func claim(_ text: String, _ platform: String) -> Fact {
        .claim(PartyClaim(party: party(text), platform: platform, since: time(1)))
    }
    private func listed(_ text: String, _ address: String, role: String = "CPO") -> Fact {
        .party(NetworkParty(party: party(text), roles: [role], operatorAddress: address, source: "t"))
    }
    private func info(_ text: String, _ role: String, _ status: PlatformStatus, _ milliseconds: Int64) -> ClientInfo {
        ClientInfo(party: party(text), role: role, status: status, lastUpdated: time(milliseconds))
    }
}

/// The records written to `ocn.announce`.
private final class Sent: Sendable {
    private struct State {
        var records: [OutgoingRecord] = []
        var fails = false
    }
    private let state = Mutex(State())

    func add(_ record: OutgoingRecord) throws(KafkaError) {
        if state.withLock({ $0.fails }) { throw KafkaError(operation: "produce", code: -192) }
        state.withLock { $0.records.append(record) }
    }
    func fail(_ fails: Bool) { state.withLock { $0.fails = fails } }
    func clear() { state.withLock { $0.records = [] } }
    var records: [OutgoingRecord] { state.withLock { $0.records } }

    /// `recipient ← party status`, one for each record.
    var announced: [String] {
        records.compactMap { record in
            guard let announcement = try? Sent.read(record), let body = announcement.request.body,
                let json = try? JSONValue.parse(body), let info = ClientInfo(json: json)
            else { return nil }
            return "\(announcement.node ?? announcement.request.to.description) ← \(info.party) \(info.status.rawValue)"
        }
    }

    static func read(_ record: OutgoingRecord) throws -> AnnouncementRecord {
        try AnnouncementRecord(
            IncomingRecord(topic: record.topic, partition: 0, offset: 0, key: record.key, value: record.value, headers: record.headers))
    }
}
