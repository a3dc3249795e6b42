import Directory
import Encoding
import Matcher
import NIOCore
import OCPI
import Testing
import Topics

@Suite struct BroadcastTests {
    private static let modules: [ModuleID] = [.locations, .tariffs, .tokens]

    /// The recipients of broadcasts by the sender's role and the module (OCPI 2.2.1, 4.1.5).
    private static let table: [(sender: String, module: ModuleID, audience: Set<String>)] = [
        ("CPO", .locations, ["EMSP", "NSP", "NAP", "OTHER"]), ("CPO", .tariffs, ["EMSP", "NSP", "NAP", "OTHER"]), ("CPO", .tokens, []),
        ("EMSP", .tokens, ["CPO"]), ("EMSP", .locations, []), ("EMSP", .tariffs, []),
        ("OTHER", .locations, ["CPO"]), ("OTHER", .tariffs, ["CPO"]), ("OTHER", .tokens, ["CPO"]),
        ("NSP", .locations, []), ("NAP", .tariffs, []), ("SCSP", .tokens, []), ("HUB", .locations, []),
    ]

    @Test func theAudienceDependsOnTheSendersRoleAndTheModule() throws {
        let roles = ["CPO", "EMSP", "NSP", "NAP", "OTHER", "SCSP", "HUB"]
        for row in Self.table {
            var facts = try Broadcaster.platform("sender", [("DE-SND", row.sender)], Self.modules)
            for (index, role) in roles.enumerated() {
                facts += try Broadcaster.platform(role, [("NL-00\(index)", role)], Self.modules)
            }
            let heard = try announcements(of: try Broadcaster.request(from: "DE-SND", row.module), facts).map(\.request.to.description)
            let expected = roles.indices.filter { row.audience.contains(roles[$0]) }.map { "NL-00\($0)" }
            #expect(heard.sorted() == expected, "\(row.sender) \(row.module)")
        }
    }

    @Test func anAnnouncementIsTheRequestInTheHubsName() throws {
        var original = try Broadcaster.request(from: "DE-CPO", .locations)
        original.signature = "signature"
        original.query = "a=b"
        original.deadline = Timestamp(milliseconds: 5)
        original.trace = TraceContext(traceparent: "00-trace")
        let announcement = try #require(try announcements(of: original, Self.two()).first)
        let request = announcement.request
        #expect(announcement.node == nil && request.from.description == "CH-OCN" && request.to.description == "NL-MSP")
        #expect(request.signature == "signature" && request.deadline == nil && request.reply == nil && request.origin == .hub)
        #expect(announcement.original == .init(from: original.from, to: original.to), "whom the signature was made for")
        #expect(request.stateVersion == 77, "the state from which it was made")
        #expect((request.method, request.path, request.query) == (original.method, original.path, original.query))
        #expect((request.body, request.contentType, request.version) == (original.body, original.contentType, original.version))
        #expect((request.correlationID, request.requestID, request.time) == (original.correlationID, original.requestID, original.time))
        #expect(request.key == original.key && request.trace == original.trace)
    }

    @Test func theSameBroadcastAlwaysHasTheSameIDPerRecipientAndNeverThatOfACopy() throws {
        let original = try Broadcaster.request(from: "DE-CPO", .locations)
        var again = original
        again.id = "another record"
        again.time = Timestamp(milliseconds: 9)
        let facts = try Self.two() + Broadcaster.platform("third", [("FR-MSP", "EMSP")], [.locations])
        let ids = try announcements(of: original, facts).map(\.request.id)
        #expect(Set(ids).count == 2 && ids.allSatisfy { $0.utf8.count == 32 })
        #expect(try announcements(of: again, facts).map(\.request.id) == ids)
        #expect(!ids.contains(Fanout.copyID(of: original, for: try #require(PartyID("NL-MSP")))))
        again.body = ByteBuffer(string: "[]")
        #expect(Set(try announcements(of: again, facts).map(\.request.id)).isDisjoint(with: ids))
    }

    @Test func theSenderGetsNoBroadcastAndAPartyWithSeveralRolesGetsOne() throws {
        // The sender's second role is among the roles that its first one reaches.
        let facts =
            try Broadcaster.platform("sender", [("DE-CPO", "CPO"), ("de-cpo", "EMSP")], [.locations])
            + Broadcaster.platform("other", [("NL-MSP", "EMSP"), ("nl-msp", "NSP"), ("NL-NSP", "NSP"), ("NL-CPO", "CPO")], [.locations])
        let heard = try announcements(of: try Broadcaster.request(from: "DE-CPO", .locations), facts).map(\.request.to)
        #expect(heard.map(\.canonical.description).sorted() == ["NL-MSP", "NL-NSP"])
    }

    @Test(arguments: [PlatformStatus.offline, .planned, .suspended])
    func unconnectedPartiesGetNoBroadcast(_ status: PlatformStatus) throws {
        let facts = try Self.two() + Broadcaster.platform("away", [("FR-MSP", "EMSP")], [.locations], status: status)
        #expect(
            try announcements(of: try Broadcaster.request(from: "DE-CPO", .locations), facts).map(\.request.to.description) == ["NL-MSP"])
    }

    @Test func platformsWithoutRegistrationReceiverInterfaceOrPartyGetNoBroadcast() throws {
        let facts =
            try Self.two()
            + Broadcaster.platform("invited", [("FR-ONE", "EMSP")], [.locations], isRegistered: false)
            + Broadcaster.platform("others", [("FR-TWO", "EMSP")], [.tariffs])
            + Broadcaster.platform("senders", [("FR-SIX", "EMSP")], [.locations], interface: .sender)
            // It claims the party of another platform, later.
            + Broadcaster.platform("thief", [("NL-MSP", "EMSP")], [.locations], since: 9)
        #expect(
            try announcements(of: try Broadcaster.request(from: "DE-CPO", .locations), facts).map(\.request.to.description) == ["NL-MSP"])
    }

    @Test func theRulesOfTheRecipientDecideByTheSenderAndNotByTheHub() throws {
        let sender = try #require(PartyID("DE-CPO"))
        let request = try Broadcaster.request(from: "de-cpo", .locations)
        func heard(_ rules: [Fact]) throws -> Int { try announcements(of: request, try Self.two() + rules).count }
        let whitelist = Fact.rules(platform: "receiver", signatures: false, active: .whitelist)
        let blacklist = Fact.rules(platform: "receiver", signatures: false, active: .blacklist)
        func entry(_ list: OCNRules.List, _ party: PartyID, _ modules: [ModuleID]) -> Fact {
            .rule(platform: "receiver", list, .init(party: party, modules: modules))
        }
        #expect(try heard([whitelist]) == 0)
        #expect(try heard([whitelist, entry(.whitelist, try Broadcaster.hub, [.locations])]) == 0)
        #expect(try heard([whitelist, entry(.whitelist, sender, [.tokens])]) == 0)
        #expect(try heard([whitelist, entry(.whitelist, sender, [.locations])]) == 1)
        #expect(try heard([blacklist]) == 1)
        #expect(try heard([blacklist, entry(.blacklist, sender, [.locations])]) == 0)
    }

    @Test func recipientsThatRequireSignaturesGetNoUnsignedBroadcast() throws {
        let facts = try Self.two() + Broadcaster.platform("signing", [("FR-MSP", "EMSP")], [.locations])
        let wishes = [Fact.rules(platform: "signing", signatures: true, active: nil)]
        var request = try Broadcaster.request(from: "DE-CPO", .locations)
        let unsigned = try announcements(of: request, facts + wishes)
        #expect(unsigned.map(\.request.to.description) == ["NL-MSP"] && unsigned.allSatisfy { $0.original == nil })
        request.signature = "signature"
        #expect(try announcements(of: request, facts + wishes).map(\.request.to.description).sorted() == ["FR-MSP", "NL-MSP"])
    }

    @Test func onlyBroadcastableRequestsToTheHubAreAnnounced() throws {
        let facts = try Self.two() + Broadcaster.platform("all", [("FR-ALL", "EMSP")], ModuleTable.functional)
        let request = try Broadcaster.request(from: "DE-CPO", .locations)
        func heard(_ change: (inout RequestRecord) throws -> Void) throws -> Int {
            var request = request
            try change(&request)
            return try announcements(of: request, facts).count
        }
        #expect(try heard { _ in } == 2)
        #expect(try heard { $0.to = try #require(PartyID("ch-ocn")) } == 2)
        #expect(try heard { $0.to = try #require(PartyID("NL-MSP")) } == 0, "to a party")
        #expect(try heard { $0.origin = .hub } == 0)
        #expect(try heard { $0.origin = .node("0xother") } == 0)
        #expect(try heard { $0.method = .get } == 0)
        #expect(try heard { $0.interface = .sender } == 0)
        #expect(try heard { $0.path = "LOC1" } == 0, "no such place")
        #expect(try heard { $0.target = "https://cpo/page" } == 0)
        for module in [ModuleID.sessions, .cdrs, .commands, ModuleID(rawValue: "invoices")] {
            #expect(try heard { $0.module = module } == 0, "\(module)")
        }
        #expect(try heard { ($0.module, $0.method, $0.body) = (.tariffs, .delete, nil) } == 1)
        #expect(try heard { $0.from = try #require(PartyID("XX-XXX")) } == 0, "a role without broadcasts")
    }

    /// The CPO and one MSP that receives locations.
    private static func two() throws -> [Fact] {
        try Broadcaster.platform("cpo", [("DE-CPO", "CPO")], [.locations])
            + Broadcaster.platform("receiver", [("NL-MSP", "EMSP")], [.locations])
    }

    private func announcements(of request: RequestRecord, _ facts: [Fact]) throws -> [AnnouncementRecord] {
        var directory = Directory(secrets: NodeSecrets(current: Array("a secret of the node".utf8)))
        for fact in facts { directory.apply(key: fact.key, fact) }
        directory.advance(to: 77)
        return Broadcast.announcements(of: request, hub: try Broadcaster.hub, in: directory)
    }
}

/// Helpers for tests of broadcasts.
enum Broadcaster {
    static var hub: PartyID { get throws { try #require(PartyID("CH-OCN")) } }

    static func platform(
        _ id: String, _ roles: [(party: String, role: String)], _ modules: [ModuleID], interface: InterfaceRole = .receiver,
        status: PlatformStatus = .connected, isRegistered: Bool = true, since: Int64 = 1
    ) throws -> [Fact] {
        let roles = try roles.map { PlatformRole(role: $0.role, party: try #require(PartyID($0.party))) }
        return [
            .platform(Platform(id: id, tokenCHashes: isRegistered ? [TokenHash.of(Token("c-\(id)"))] : [], roles: roles)),
            .status(platform: id, status, Timestamp(milliseconds: 1)),
            .endpoints(platform: id, modules.map { Endpoint(module: $0, interface: interface, url: "https://\(id)/\($0)") }),
        ] + Set(roles.map(\.party)).map { .claim(PartyClaim(party: $0, platform: id, since: Timestamp(milliseconds: since))) }
    }

    static func request(from sender: String, _ module: ModuleID) throws -> RequestRecord {
        RequestRecord(
            id: "r", time: Timestamp(milliseconds: 0), module: module, interface: .receiver, method: .put, version: .v2_2_1,
            from: try #require(PartyID(sender)), to: try hub, path: "DE/CPO/1", requestID: "req-1", correlationID: "c", stateVersion: 0,
            contentType: "application/json", body: ByteBuffer(string: "{}"), key: "DE-CPO|\(module)|1")
    }
}
