import HashTreeCollections
package import OCPI

// Platforms' OcnRules.
extension Directory {
    /// The OcnRules of a platform.
    package func rules(of platform: String) -> OCNRules {
        guard let settings = snapshot.state.platforms.rules[platform] else { return OCNRules() }
        let entries = settings.active.map { ruleEntries(of: platform, $0) } ?? []
        return OCNRules(signatures: settings.signatures, active: settings.active, entries: entries)
    }

    /// The entries of one of a platform's lists, active or not, by party.
    package func ruleEntries(of platform: String, _ list: OCNRules.List) -> [OCNRules.Entry] {
        let name = OCNRulesEntry.ListName(platform: platform, list: list)
        return snapshot.state.platforms.ruleEntries[name]?.values.sorted { $0.party < $1.party } ?? []
    }

    /// Why the receiver's OcnRules refuse a request of `sender` to `module`; nil if they accept it, and for receivers that are not
    /// connected here, because their own node applies the rules. O(1).
    package func refusal(of sender: PartyID, to receiver: PartyID, _ module: ModuleID) -> String? {
        guard let platform = platform(of: receiver), let settings = snapshot.state.platforms.rules[platform.id],
            let active = settings.active
        else { return nil }
        let name = OCNRulesEntry.ListName(platform: platform.id, list: active)
        let entry = snapshot.state.platforms.ruleEntries[name]?[sender]
        return OCNRules(signatures: settings.signatures, active: active, entries: entry.map { [$0] } ?? [])
            .refusal(of: sender, to: module)
    }

    /// Whether the receiver's OcnRules require requests to be signed. False for receivers that are not connected here, because their own
    /// node applies the rules. O(1).
    package func wantsSignatures(_ receiver: PartyID) -> Bool {
        platform(of: receiver).flatMap { snapshot.state.platforms.rules[$0.id]?.signatures } ?? false
    }

    /// Whether the receiver's OcnRules accept a message with this signature, or without one.
    package func isContent(_ receiver: PartyID, withSignature signature: String?) -> Bool { signature != nil || !wantsSignatures(receiver) }

    /// The writes that change a platform's OcnRules to `wanted`; none if they are equal.
    ///
    /// At any point during these writes a request is accepted only if the old or the new rules accept it: the entries of a list come before
    /// the record that activates it, and the deletions of an inactive list after the record that deactivates it. Entries left by an
    /// earlier, incomplete write are deleted too.
    package func changes(ofRulesOf platform: String, to wanted: OCNRules) -> [FactChange] {
        let standing = rules(of: platform)
        var changes: [FactChange] = []
        if let list = wanted.active { changes += self.changes(ofList: list, of: platform, to: wanted.entries) }
        if (standing.signatures, standing.active) != (wanted.signatures, wanted.active) {
            changes.append(.put(.rules(platform: platform, signatures: wanted.signatures, active: wanted.active)))
        }
        for list in OCNRules.List.allCases where list != wanted.active {
            changes += self.changes(ofList: list, of: platform, to: [])
        }
        return changes
    }

    private func changes(ofList list: OCNRules.List, of platform: String, to wanted: [OCNRules.Entry]) -> [FactChange] {
        let standing = Dictionary(ruleEntries(of: platform, list).map { ($0.party, $0) }) { first, _ in first }
        let kept = Set(wanted.map(\.party))
        return standing.keys.filter { !kept.contains($0) }.sorted().map { .delete(key: FactKey.rule(platform, list, $0)) }
            + wanted.filter { standing[$0.party] != $0 }.map { .put(.rule(platform: platform, list, $0)) }
    }
}
