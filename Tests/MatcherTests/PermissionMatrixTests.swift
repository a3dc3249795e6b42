import Directory
import Encoding
import Matcher
import NIOCore
import OCPI
import Testing
import Topics

/// Every permission against every interface of every module, for a user that agreed, one that never did and one that revoked its agreement.
@Suite struct PermissionMatrixTests {
    /// The contract's table: the interface that each number lets a service see. Nil stands for every module or both interfaces.
    private static let table: [(number: Int, module: String?, interface: InterfaceRole?)] = [
        (0, nil, nil), (1, nil, .sender), (2, nil, .receiver),
        (3, "locations", .sender), (4, "locations", .receiver),
        (5, "sessions", .sender), (6, "sessions", .receiver),
        (7, "cdrs", .sender), (8, "cdrs", .receiver),
        (9, "tariffs", .sender), (10, "tariffs", .receiver),
        (11, "tokens", .sender), (12, "tokens", .receiver),
        (13, "commands", .sender), (14, "commands", .receiver),
        (15, "chargingprofiles", .sender), (16, "chargingprofiles", .receiver),
    ]
    private static let modules = ["locations", "sessions", "cdrs", "tariffs", "tokens", "commands", "chargingprofiles"]

    private enum Consent: CaseIterable {
        case agreed, never, revoked
    }

    @Test func thereAreSeventeenPermissions() {
        #expect(Permission.allCases.map(\.rawValue) == Self.table.map(\.number))
    }

    @Test(arguments: PermissionMatrixTests.table.map(\.number)) func aCopyIsMadeExactlyWhereThePermissionAndTheAgreementSaySo(
        number: Int
    ) throws {
        let row = try #require(Self.table.first { $0.number == number })
        var cells = 0
        for consent in Consent.allCases {
            let directory = try directory(consent, permissions: [number])
            let service = try party("DE-BIL")
            for module in Self.modules {
                for interface in InterfaceRole.allCases {
                    let isSeen = (row.module ?? module) == module && (row.interface ?? interface) == interface
                    let expected = consent == .agreed && isSeen
                    let copies = Fanout.copies(of: try request(ModuleID(rawValue: module), interface), in: directory)
                    #expect(copies.count == (expected ? 1 : 0), "permission \(number), \(module) \(interface), \(consent)")
                    if let copy = copies.first {
                        #expect(copy.permission.rawValue == number && copy.request.to == service)
                    }
                    cells += 1
                }
            }
        }
        #expect(cells == 3 * 7 * 2)
    }

    @Test(arguments: PermissionMatrixTests.table.map(\.number)) func noPermissionShowsCustomModulesOrRequestsThatEnteredElsewhere(
        number: Int
    ) throws {
        let directory = try directory(.agreed, permissions: [number])
        for interface in InterfaceRole.allCases {
            for custom in ["invoices", "lite-locations", "enriched-locations"] {
                #expect(Fanout.copies(of: try request(ModuleID(rawValue: custom), interface), in: directory).isEmpty, "\(custom)")
            }
            for module in Self.modules {
                for origin in [RequestOrigin.node("https://other.example"), .hub] {
                    var request = try request(ModuleID(rawValue: module), interface)
                    request.origin = origin
                    #expect(Fanout.copies(of: request, in: directory).isEmpty, "\(module), \(origin)")
                }
            }
        }
    }

    @Test func agreeingAgainBringsTheCopiesBack() throws {
        var directory = try directory(.revoked, permissions: [0])
        let again = Fact.agreement(Agreement(user: try party("DE-CPO"), provider: try party("DE-BIL"), source: "state"))
        directory.apply(key: again.key, again)
        #expect(Fanout.copies(of: try request(.cdrs, .receiver), in: directory).count == 1)
    }

    @Test func anotherUsersAgreementShowsNothingOfThisOne() throws {
        var directory = try directory(.never, permissions: [0])
        let other = Fact.agreement(Agreement(user: try party("NL-MSP"), provider: try party("DE-BIL"), source: "state"))
        directory.apply(key: other.key, other)
        #expect(Fanout.copies(of: try request(.cdrs, .receiver), in: directory).isEmpty, "the recipient agreed, not the sender")
    }

    private func directory(_ consent: Consent, permissions: [Int]) throws -> Directory {
        var directory = Directory(secrets: NodeSecrets(current: Array("a secret of the node".utf8)))
        let (user, provider) = (try party("DE-CPO"), try party("DE-BIL"))
        let service = Fact.service(NetworkService(provider: provider, name: "Billing", permissions: permissions, source: "state"))
        let agreement = Fact.agreement(Agreement(user: user, provider: provider, source: "state"))
        directory.apply(key: service.key, service)
        if consent != .never { directory.apply(key: agreement.key, agreement) }
        if consent == .revoked { directory.apply(key: agreement.key, nil) }
        return directory
    }

    private func request(_ module: ModuleID, _ interface: InterfaceRole) throws -> RequestRecord {
        RequestRecord(
            id: "r", time: Timestamp(milliseconds: 0), module: module, interface: interface, method: .put, version: .v2_2_1,
            from: try party("DE-CPO"), to: try party("NL-MSP"), path: "1", requestID: "req-1", correlationID: "c", stateVersion: 0,
            body: ByteBuffer(string: #"{"id":"1"}"#))
    }

    private func party(_ text: String) throws -> PartyID { try #require(PartyID(text)) }
}
