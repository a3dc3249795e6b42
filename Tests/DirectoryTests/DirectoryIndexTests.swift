import Encoding
import HashTreeCollections
import OCPI
import Testbed
import Testing

@testable import Directory

/// The indexes answer as whoever looks at all facts would, and a snapshot stays as it was.
@Suite struct DirectoryIndexTests {
    private typealias Universe = RandomFacts

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func everyLookUpAgreesWithAllFacts(seed: UInt64) {
        var random = RandomFacts(seed: seed)
        var naive = NaiveDirectory(secrets: Universe.secrets)
        var state = DirectoryState(secrets: Universe.secrets)
        var earlier: [(directory: Directory, naive: NaiveDirectory)] = []
        for step in 1...160 {
            let change = random.change()
            let fact: Fact? = if case .put(let fact) = change { fact } else { nil }
            naive.apply(key: change.key, fact)
            state.apply(key: change.key, fact)
            guard step % 8 == 0 else { continue }
            let directory = Directory(state)
            let differences = differences(directory, naive)
            #expect(differences.isEmpty, "seed \(seed), step \(step): \(differences)")
            if step % 24 == 0 { earlier.append((directory, naive)) }
        }
        for (place, snapshot) in earlier.enumerated() {
            let differences = differences(snapshot.directory, snapshot.naive)
            #expect(differences.isEmpty, "seed \(seed), snapshot \(place) has changed: \(differences)")
        }
        // Whoever reads them after compaction has them in some other order.
        var rebuilt = DirectoryState(secrets: Universe.secrets)
        var keys = naive.facts.keys.sorted()
        keys.shuffle(using: &random.numbers)
        for key in keys { rebuilt.apply(key: key, naive.facts[key]) }
        let differences = differences(Directory(rebuilt), naive, isCompacted: true)
        #expect(differences.isEmpty, "seed \(seed), rebuilt: \(differences)")
        // Nothing is left of facts that were deleted.
        for key in keys { state.apply(key: key, nil) }
        let rest = self.differences(Directory(state), NaiveDirectory(secrets: Universe.secrets))
        #expect(rest.isEmpty && state.facts.byKey.isEmpty && state.facts.countsBySubject.isEmpty, "seed \(seed), emptied: \(rest)")
    }

    /// Names of look-ups that answer differently.
    /// - Parameter isCompacted: the order in which they were written is not known.
    private func differences(_ directory: Directory, _ naive: NaiveDirectory, isCompacted: Bool = false) -> [String] {
        var found: [String] = []
        func check(_ name: String, _ isSame: Bool) { if !isSame { found.append(name) } }
        for (key, fact) in naive.facts { check("fact \(key)", directory.fact(key) == fact) }
        check("facts", directory.snapshot.state.facts.byKey.count == naive.facts.count)
        if !isCompacted {
            let overruled = naive.overruled.sorted().compactMap { naive.facts[$0]?.following }
            check("overruled", directory.overruledFacts == overruled)
        }
        check("orphans", directory.orphanedKeys == naive.orphanedKeys)
        for number in [0, 5, 9] {
            check("forgettable", directory.forgettable(by: Universe.time(number)) == naive.forgettable(by: Universe.time(number)))
        }
        check("platforms", directory.platforms == naive.platforms)
        for id in Universe.platforms { found += differences(ofPlatform: id, directory, naive) }
        let sealed = directory.sealedTokens
        check("unreadable", sealed.unreadable == naive.unreadableTokens)
        check("readable", sealed.readable == Universe.platforms.count { naive.outboundToken(of: $0) != nil })
        check("pending", directory.pendingClaims.map(\.key).sorted() == naive.pendingClaims)
        check("nodes", directory.nodes == naive.nodes && directory.parties == naive.parties && directory.services == naive.services)
        check("agreements", directory.agreements == naive.agreements)
        check("told", directory.toldClientInfos == naive.told && directory.announcedClientInfos == naive.announced)
        for party in Universe.parties { found += differences(ofParty: party, directory, naive, isCompacted: isCompacted) }
        for address in Universe.operators {
            check("node \(address)", directory.node(operator: address) == naive.nodes.first { $0.operatorAddress == address })
        }
        for role in Universe.roles { check("lists \(role)", directory.listsParty(in: [role]) == naive.listsParty(in: role)) }
        check("orders", directory.outboxOrders == naive.orders && directory.storeRules == naive.storeRules)
        check("breakers", directory.breakers.map(\.key).sorted() == naive.all(BreakerReport.self).map(\.key).sorted())
        check(
            "processes", directory.processes == naive.processes && directory.process("w0") == naive.processes.first { $0.instance == "w0" })
        check("leader", directory.leader == naive.all(LeaderClaim.self).first)
        check("identity", directory.identity == naive.all(NodeIdentity.self).first)
        return found
    }

    private func differences(ofPlatform id: String, _ directory: Directory, _ naive: NaiveDirectory) -> [String] {
        var found: [String] = []
        func check(_ name: String, _ isSame: Bool) { if !isSame { found.append("\(name) of \(id)") } }
        check("platform", directory.platform(id: id) == naive.platform(id: id))
        for token in Universe.tokens(of: id) {
            for number in [0, 5, 9] {
                let answer = directory.platform(presenting: [token], now: Universe.time(number))
                let expected = naive.platform(presenting: token, now: Universe.time(number))
                check(
                    "token \(token.raw)",
                    answer?.platform.id == expected?.id && (answer?.use == .registration) == (expected?.isRegistration ?? false))
            }
        }
        check("endpoints", directory.endpoints(of: id) == naive.endpoints(of: id))
        let above = directory.snapshot.state.platforms.endpointsAboveConfiguration[id] ?? []
        check("endpoints above configuration", above == naive.endpointsAboveConfiguration(of: id))
        check("outbound token", directory.outboundToken(of: id)?.raw == naive.outboundToken(of: id)?.raw)
        check("status", directory.status(of: id) == naive.reachability(of: id)?.status ?? .planned)
        check("time", directory.lastUpdated(of: id) == naive.reachability(of: id)?.time)
        check("origins", directory.furtherOrigins(of: id) == naive.origins(of: id))
        check("rules", directory.rules(of: id) == naive.rules(of: id))
        for list in OCNRules.List.allCases {
            check("\(list)", directory.ruleEntries(of: id, list) == naive.ruleEntries(of: id, list))
        }
        return found
    }

    private func differences(ofParty party: PartyID, _ directory: Directory, _ naive: NaiveDirectory, isCompacted: Bool) -> [String] {
        var found: [String] = []
        func check(_ name: String, _ isSame: Bool) { if !isSame { found.append("\(name) of \(party)") } }
        func sorted(_ claims: [PartyClaim]) -> [PartyClaim] { isCompacted ? claims.sorted { $0.platform < $1.platform } : claims }
        check("claims", sorted(directory.claims(of: party)) == sorted(naive.claims(of: party)))
        check("claim", directory.claim(of: party) == naive.claim(of: party))
        check("platform", directory.platform(of: party) == naive.platform(of: party))
        check(
            "signatures", directory.wantsSignatures(party) == (naive.platform(of: party).map { naive.rules(of: $0.id).signatures } ?? false)
        )
        check("listed", directory.networkParty(party) == naive.parties.first { $0.party == party })
        check("node", directory.node(of: party) == naive.node(of: party))
        check("service", directory.service(party) == naive.services.first { $0.provider == party })
        check("agreed", directory.services(agreedBy: party) == naive.services(agreedBy: party))
        check("order", directory.outboxOrder(of: party) == naive.orders.first { $0.recipient == party })
        check("breakers", directory.breakers(of: party) == naive.breakers(of: party))
        for other in Universe.parties {
            let agreement = naive.agreements.first { $0.user == party && $0.provider == other }
            check("agreement with \(other)", directory.hasAgreement(user: party, provider: other) == (agreement != nil))
            for module in Universe.modules {
                check(
                    "refusal to \(other)",
                    directory.refusal(of: party, to: other, module) == naive.refusal(of: party, to: other, module))
            }
        }
        for role in Universe.roles {
            check("told", directory.toldClientInfo(party, role: role) == naive.told.first { $0.party == party && $0.role == role })
            check("announced", directory.announced(party, role: role) == naive.announced.first { $0.party == party && $0.role == role })
        }
        for partition in 0..<2 as Range<Int32> {
            check(
                "rewind", directory.rewindDone(of: party, partition: partition) == naive.rewindDone(of: party, partition: partition))
        }
        for module in Universe.modules {
            let isStored = naive.storeRules.contains { $0.recipient == party && $0.module == module }
            check("stored", directory.isStored(to: party, module: module, method: .put) == isStored)
        }
        return found
    }
}
