import Directory
import Encoding
import OCPI
import Support
import Testing

@Suite struct OCNRulesTests {
    @Test func aWhitelistLetsThroughTheModulesItListsAndABlacklistRefusesThem() throws {
        let entry = OCNRules.Entry(party: try party("de-msp"), modules: [.locations, ModuleID(rawValue: "Lite-Locations")])
        let white = OCNRules(active: .whitelist, entries: [entry])
        let black = OCNRules(active: .blacklist, entries: [entry])
        let (listed, other) = (try party("DE-msp"), try party("NL-MSP"))
        #expect(white.refusal(of: listed, to: .locations) == nil && black.refusal(of: listed, to: .locations) != nil)
        #expect(white.refusal(of: listed, to: .sessions) != nil && black.refusal(of: listed, to: .sessions) == nil)
        #expect(white.refusal(of: other, to: .locations) != nil && black.refusal(of: other, to: .locations) == nil)
        let refusal = black.refusal(of: listed, to: ModuleID(rawValue: "lite-locations"))
        #expect(refusal == "Sender not whitelisted to request lite-locations from receiver.")
        #expect(OCNRules(entries: [entry]).refusal(of: other, to: .cdrs) == nil, "no list is active")
    }

    @Test func anEntryWithoutModulesRefusesEverythingOnEitherList() throws {
        let entry = OCNRules.Entry(party: try party("DE-MSP"), modules: [])
        for list in OCNRules.List.allCases {
            #expect(OCNRules(active: list, entries: [entry]).refusal(of: try party("DE-MSP"), to: .cdrs) != nil)
        }
        #expect(OCNRules(active: .whitelist).refusal(of: try party("DE-MSP"), to: .cdrs) != nil, "nobody is listed: block all")
    }

    @Test func aPlatformIsToldOfPartiesByTheirListingWhateverTheModules() throws {
        let entry = OCNRules.Entry(party: try party("DE-MSP"), modules: [.cdrs])
        let (listed, other) = (try party("de-msp"), try party("NL-MSP"))
        #expect(OCNRules(active: .whitelist, entries: [entry]).mayKnow(listed))
        #expect(!OCNRules(active: .whitelist, entries: [entry]).mayKnow(other))
        #expect(!OCNRules(active: .blacklist, entries: [entry]).mayKnow(listed))
        #expect(OCNRules(active: .blacklist, entries: [entry]).mayKnow(other))
        #expect(OCNRules().mayKnow(other))
    }

    @Test func onlyTheRulesOfTheReceiver_sOwnPlatformCount() throws {
        var directory = try network()
        let (cpo, msp, far) = (try party("DE-CPO"), try party("DE-MSP"), try party("NL-REM"))
        directory.apply(.rules(platform: "p2", signatures: true, active: .blacklist))
        directory.apply(.rule(platform: "p2", .blacklist, OCNRules.Entry(party: far, modules: [.cdrs])))
        #expect(directory.refusal(of: far, to: msp, .cdrs) != nil)
        #expect(try directory.refusal(of: party("nl-rem"), to: msp, .cdrs) != nil)
        #expect(directory.refusal(of: far, to: msp, .sessions) == nil)
        #expect(directory.refusal(of: far, to: cpo, .cdrs) == nil && directory.refusal(of: msp, to: far, .cdrs) == nil)
        #expect(directory.wantsSignatures(msp) && !directory.wantsSignatures(cpo) && !directory.wantsSignatures(far))
    }

    /// Whatever state the rules are in, whatever they are to become: after any number of the writes nobody gets through who neither did
    /// before nor will afterwards.
    @Test func aHalfDoneWriteNeverOpensMoreThanBeforeAndAfter() throws {
        let parties = try ["DE-AAA", "DE-BBB", "DE-CCC"].map(party)
        let modules: [ModuleID] = [.cdrs, .locations]
        let receiver = try party("DE-CPO")
        for seed in UInt64(0)..<2000 {
            var random = SeededGenerator(seed: seed)
            var directory = try network()
            // Both lists may have entries: what is left of an earlier write that was half done.
            directory.apply(.rules(platform: "p1", signatures: random.chance(50), active: list(&random)))
            for list in OCNRules.List.allCases {
                for entry in entries(parties, modules, &random) { directory.apply(.rule(platform: "p1", list, entry)) }
            }
            let active = list(&random)
            let wanted = OCNRules(
                signatures: random.chance(50), active: active, entries: active == nil ? [] : entries(parties, modules, &random))
            let before = directory
            let changes = before.changes(ofRulesOf: "p1", to: wanted)
            var states = [before]
            for change in changes {
                directory.apply(change)
                states.append(directory)
            }
            #expect(directory.rules(of: "p1") == wanted, "seed \(seed)")
            #expect(directory.changes(ofRulesOf: "p1", to: wanted).isEmpty, "seed \(seed)")
            for unused in OCNRules.List.allCases where unused != active {
                #expect(directory.ruleEntries(of: "p1", unused).isEmpty, "seed \(seed)")
            }
            for (sender, module) in parties.flatMap({ party in modules.map { (party, $0) } }) {
                let isOpen = states.map { $0.refusal(of: sender, to: receiver, module) == nil }
                #expect(isOpen.first == true || isOpen.last == true || !isOpen.contains(true), "seed \(seed)")
            }
        }
    }

    @Test func changingRulesLeavesThoseOfOtherPlatformsAlone() throws {
        let entry = OCNRules.Entry(party: try party("NL-REM"), modules: [.cdrs])
        let rules = OCNRules(signatures: true, active: .whitelist, entries: [entry])
        var directory = try network()
        for platform in ["p1", "p2"] {
            for change in directory.changes(ofRulesOf: platform, to: rules) { directory.apply(change) }
        }
        for change in directory.changes(ofRulesOf: "p1", to: OCNRules(active: .whitelist)) { directory.apply(change) }
        #expect(directory.rules(of: "p1") == OCNRules(active: .whitelist) && directory.rules(of: "p2") == rules)
    }

    /// DE-CPO is connected as p1, DE-MSP as p2, NL-REM elsewhere.
    private func network() throws -> Directory {
        var directory = Directory(secrets: NodeSecrets(current: Array("a secret of the node".utf8)))
        for (id, name) in [("p1", "DE-CPO"), ("p2", "DE-MSP")] {
            let served = try party(name)
            let roles = [PlatformRole(role: "CPO", party: served)]
            directory.apply(.platform(Platform(id: id, tokenCHashes: [TokenHash.of(Token(id))], version: .v2_2_1, roles: roles)))
            directory.apply(.claim(PartyClaim(party: served, platform: id, since: Timestamp(milliseconds: 1))))
        }
        return directory
    }

    private func list(_ random: inout SeededGenerator) -> OCNRules.List? { random.pick([nil, .whitelist, .blacklist]) }

    private func entries(_ parties: [PartyID], _ modules: [ModuleID], _ random: inout SeededGenerator) -> [OCNRules.Entry] {
        var entries: [OCNRules.Entry] = []
        for party in parties where random.chance(60) {
            entries.append(OCNRules.Entry(party: party, modules: modules.filter { _ in random.chance(50) }))
        }
        return entries
    }

    private func party(_ text: String) throws -> PartyID { try #require(PartyID(text)) }
}

extension Directory {
    fileprivate mutating func apply(_ fact: Fact) { apply(key: fact.key, fact) }

    fileprivate mutating func apply(_ change: FactChange) {
        switch change {
        case .put(let fact): apply(fact)
        case .delete(let key): apply(key: key, nil)
        }
    }
}
