import Directory
import Encoding
import Matcher
import NIOCore
import OCPI
import Testing
import Topics

@Suite struct FanoutTests {
    @Test func aPermissionMatchesExactlyItsModuleAndInterface() throws {
        let modules: [ModuleID] = [.locations, .sessions, .cdrs, .tariffs, .tokens, .commands, .chargingprofiles]
        for number in 0...16 {
            let directory = try agreed(permissions: [number])
            for (index, module) in modules.enumerated() {
                for interface in [InterfaceRole.sender, .receiver] {
                    let own = 3 + 2 * index + (interface == .sender ? 0 : 1)
                    let expected = number == 0 || number == (interface == .sender ? 1 : 2) || number == own
                    let copies = Fanout.copies(of: try request(module: module, interface: interface), in: directory)
                    #expect(copies.count == (expected ? 1 : 0), "permission \(number), \(module) \(interface)")
                    if expected { #expect(copies.first?.permission.rawValue == number) }
                }
            }
        }
    }

    @Test func withoutAnAgreementThereIsNoCopy() throws {
        var directory = try agreed(permissions: [0])
        #expect(Fanout.copies(of: try request(from: "NL-TWO"), in: directory).isEmpty)
        directory.apply(key: FactKey.agreement(user: try party("DE-CPO"), provider: try party("DE-BIL")), nil)
        #expect(Fanout.copies(of: try request(), in: directory).isEmpty, "revoked")
    }

    @Test func thePartyIsFoundInWhateverSpelling() throws {
        #expect(Fanout.copies(of: try request(from: "de-cpo"), in: try agreed(permissions: [8])).count == 1)
    }

    @Test func customModulesAndMessagesFromOtherNodesAreNeverCopied() throws {
        let directory = try agreed(permissions: [0])
        #expect(Fanout.copies(of: try request(module: ModuleID(rawValue: "invoices")), in: directory).isEmpty)
        var foreign = try request()
        foreign.origin = .node("https://other.example")
        #expect(Fanout.copies(of: foreign, in: directory).isEmpty)
    }

    @Test func ofRequestsToHubURLsOnlyCallbacksAreCopiedAndWithoutTheirToken() throws {
        let directory = try agreed(permissions: [0])
        var page = try request(module: .locations, interface: .sender)
        page.method = .get
        page.path = "page/token"
        page.target = "https://cpo/locations?offset=1"
        #expect(Fanout.copies(of: page, in: directory).isEmpty)
        var callback = try request(module: .commands, interface: .sender)
        callback.path = "START_SESSION/token"
        callback.target = "https://msp/callback/7"
        #expect(Fanout.copies(of: callback, in: directory).map(\.request.path) == ["START_SESSION"])
    }

    @Test func aCopyNamesTheStateFromWhichItWasMade() throws {
        var directory = try agreed(permissions: [8])
        directory.advance(to: 77)
        #expect(Fanout.copies(of: try request(), in: directory).map(\.request.stateVersion) == [77])
    }

    @Test func aServiceThatRequiresSignaturesGetsNoUnsignedCopies() throws {
        var directory = try agreed(permissions: [8])
        let billing = try party("DE-BIL")
        for fact in [
            Fact.platform(Platform(id: "billing", tokenCHashes: ["x"], roles: [PlatformRole(role: "OTHER", party: billing)])),
            .claim(PartyClaim(party: billing, platform: "billing", since: .now)),
            .rules(platform: "billing", signatures: true, active: nil),
        ] { directory.apply(key: fact.key, fact) }
        var request = try request()
        #expect(Fanout.copies(of: request, in: directory).isEmpty)
        request.signature = "signature"
        #expect(Fanout.copies(of: request, in: directory).map(\.request.signature) == ["signature"])
    }

    @Test func severalPermissionsStillMakeOneCopyAndUnknownNumbersMakeNone() throws {
        #expect(Fanout.copies(of: try request(), in: try agreed(permissions: [0, 2, 8, 500])).count == 1)
        #expect(Fanout.copies(of: try request(), in: try agreed(permissions: [500, -1])).isEmpty)
    }

    @Test func theSameRequestSentAgainGivesTheSameCopyIDAndAnyDifferenceAnother() throws {
        let billing = try party("DE-BIL")
        let original = try request()
        let id = Fanout.copyID(of: original, for: billing)
        #expect(id.utf8.count == 32)
        var repeated = original
        repeated.id = "another record"
        repeated.time = Timestamp(milliseconds: 1)
        #expect(Fanout.copyID(of: repeated, for: billing) == id)
        var others: [RequestRecord] = []
        others.append(try request(from: "NL-TWO"))
        others.append(original)
        others[1].requestID = "req-2"
        others.append(original)
        others[2].body = ByteBuffer(string: "{}")
        // A client that uses one id for all its requests still sends different requests.
        let changes: [(inout RequestRecord) -> Void] = [
            { $0.method = .put }, { $0.path = "1" }, { $0.query = "type=RFID" }, { $0.module = .tariffs }, { $0.interface = .sender },
        ]
        for change in changes {
            var other = original
            change(&other)
            others.append(other)
        }
        let ids = others.map { Fanout.copyID(of: $0, for: billing) }
        #expect(!ids.contains(id) && Set(ids).count == ids.count)
        let announcements = others.map { Fanout.announcementID(of: $0, for: billing) }
        #expect(Set(announcements).count == announcements.count && Set(announcements).isDisjoint(with: ids + [id]))
        #expect(Fanout.copyID(of: original, for: try party("DE-ETL")) != id)
    }

    private func agreed(permissions: [Int]) throws -> Directory {
        var directory = Directory(secrets: NodeSecrets(current: Array("a secret of the node".utf8)))
        let (user, provider) = (try party("DE-CPO"), try party("DE-BIL"))
        for fact in [
            Fact.service(NetworkService(provider: provider, name: "Billing", permissions: permissions, source: "state")),
            .agreement(Agreement(user: user, provider: provider, source: "state")),
        ] { directory.apply(key: fact.key, fact) }
        return directory
    }

    private func request(module: ModuleID = .cdrs, interface: InterfaceRole = .receiver, from: String = "DE-CPO") throws -> RequestRecord {
        RequestRecord(
            id: "r", time: Timestamp(milliseconds: 0), module: module, interface: interface, method: .post, version: .v2_2_1,
            from: try party(from), to: try party("NL-MSP"), path: "", requestID: "req-1", correlationID: "c", stateVersion: 0,
            body: ByteBuffer(string: #"{"id":"1"}"#))
    }

    private func party(_ text: String) throws -> PartyID { try #require(PartyID(text)) }
}
