import Encoding
import HashTreeCollections
import OCPI
import Testing

@testable import Directory

/// What a change costs does not depend on how many facts there are.
@Suite struct DirectoryCostTests {
    private let secrets = NodeSecrets(current: Array("a secret of the node".utf8))
    private let time = Timestamp(milliseconds: 1_700_000_000_000)

    @Test func takingASnapshotCostsOneRetain() {
        #expect(MemoryLayout<Directory>.size == MemoryLayout<AnyObject>.size)
        let directory = Directory(secrets: secrets)
        let copy = directory
        #expect(copy.snapshot === directory.snapshot)
    }

    @Test func oneChangeAmong20000PartiesLeavesTheOtherTablesAsTheyAre() throws {
        let parties = Self.parties(20_000)
        let first = try #require(parties.first)
        let state = filled(parties)
        let before = Directory(state).snapshot.state
        for fact in [
            Fact.status(platform: "p7", .offline, time), .claim(PartyClaim(party: first, platform: "p9", since: time)),
            .party(NetworkParty(party: first, roles: ["EMSP"], operatorAddress: "0xb", source: "state")),
            .agreement(Agreement(user: first, provider: parties[9], source: "state")),
            .process(ProcessReport(instance: "i", start: "1", seen: time)),
        ] {
            var after = before
            after.apply(key: fact.key, fact)
            let changed: Set<String?> = Set(
                zip(Self.tables(before), Self.tables(after)).filter { $0.0.identity != $0.1.identity }.map(\.0.name))
            let kind = String(fact.key.prefix { $0 != "/" })
            let expected = [
                "status": "reachability", "claim": "claims", "party": "parties", "agreement": "agreements", "process": "processes",
            ]
            #expect(changed == [expected[kind]], "\(fact.key)")
            #expect(Directory(before).fact(fact.key) != fact && Directory(after).fact(fact.key) == fact)
        }
    }

    @Test func whatIsReadBetweenTwoSnapshotsIsChangedInPlace() {
        var state = filled(Self.parties(2000))
        func root() -> [UInt8] { Array(withUnsafeBytes(of: state.platforms.reachability) { $0.prefix(MemoryLayout<AnyObject>.size) }) }
        func change(_ number: Int) {
            let fact = Fact.status(platform: "p\(number)", .offline, time.adding(milliseconds: Int64(number)))
            state.apply(key: fact.key, fact)
        }
        let before = root()
        for number in 0..<100 { change(number) }
        #expect(root() == before, "nobody has a snapshot")
        let snapshot = Directory(state)
        change(100)
        let copied = root()
        #expect(copied != before && snapshot.status(of: "p100") == .connected, "the first change copies its path")
        for number in 101..<200 { change(number) }
        #expect(root() == copied && snapshot.status(of: "p199") == .connected)
    }

    /// Printed, because a time is nothing to rely on.
    @Test func theTimeOfAChange() throws {
        for count in [200, 20_000] {
            let parties = Self.parties(count)
            var state = DirectoryState(secrets: secrets)
            let filling = ContinuousClock().measure { state = filled(parties) }
            let user = try #require(parties.first)
            var kept: [Directory] = []
            let changes: [(String, (Int) -> Fact)] = [
                ("status", { .status(platform: "p\($0 % count)", .connected, time.adding(milliseconds: Int64($0))) }),
                ("party", { .party(NetworkParty(party: parties[$0 % count], roles: ["\($0)"], operatorAddress: "0xa", source: "state")) }),
                ("agreement", { .agreement(Agreement(user: user, provider: parties[$0 % count], source: "\($0)")) }),
            ]
            for (name, fact) in changes {
                let facts = (0..<500).map { fact($0 &* 7919 % count) }
                let taken = ContinuousClock().measure {
                    for fact in facts {
                        state.apply(key: fact.key, fact)
                        kept.append(Directory(state))
                    }
                }
                print("\(state.facts.byKey.count) facts, each change with a snapshot of its own: \(name) \(taken / facts.count)")
            }
            print("\(count * 5) facts read in bulk: \(filling / (count * 5)) each")
            #expect(Set(kept.map { ObjectIdentifier($0.snapshot) }).count == kept.count)
        }
    }

    // MARK: A network

    private static func parties(_ count: Int) -> [PartyID] {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        return (0..<count).compactMap { number in
            let text = String([letters[number % 26], letters[number / 26 % 26], letters[number / 676 % 26]])
            return PartyID("\(number < 17_576 ? "DE" : "NL")-\(text)")
        }
    }

    /// Each party on a platform of its own, listed, with an agreement of all of them with one service.
    private func filled(_ parties: [PartyID]) -> DirectoryState {
        var state = DirectoryState(secrets: secrets)
        for (number, party) in parties.enumerated() {
            let roles = [PlatformRole(role: "CPO", party: party)]
            for fact in [
                Fact.platform(Platform(id: "p\(number)", tokenCHashes: ["hash \(number)"], roles: roles)),
                .claim(PartyClaim(party: party, platform: "p\(number)", since: time)),
                .status(platform: "p\(number)", .connected, time),
                .party(NetworkParty(party: party, roles: ["CPO"], operatorAddress: "0xa", source: "state")),
                .agreement(Agreement(user: party, provider: parties[0], source: "state")),
            ] { state.apply(key: fact.key, fact) }
        }
        return state
    }

    /// The bytes of each table itself: which nodes it has, not what is in them.
    private static func tables(_ state: DirectoryState) -> [(name: String, identity: [UInt8])] {
        func table<Value>(_ name: String, _ value: Value) -> (name: String, identity: [UInt8]) {
            (name, withUnsafeBytes(of: value) { Array($0) })
        }
        let (platforms, network, operations) = (state.platforms, state.network, state.operations)
        return [
            table("platforms", platforms.byID), table("tokens", platforms.idsByTokenHash), table("roles", platforms.registeredParties),
            table("outbound tokens", platforms.outboundTokens), table("removals", platforms.removals),
            table("claims", platforms.claimsByParty), table("reachability", platforms.reachability), table("rules", platforms.rules),
            table("entries", platforms.ruleEntries), table("origins", platforms.origins),
            table("nodes", network.nodesByOperator), table("parties", network.partiesByID), table("services", network.servicesByProvider),
            table("agreements", network.agreements), table("told", network.toldClientInfos),
            table("announced", network.announcedClientInfos), table("orders", operations.orders), table("rewinds", operations.rewinds),
            table("breakers", operations.breakers), table("stored", operations.storeRules), table("processes", operations.processes),
        ]
    }
}
