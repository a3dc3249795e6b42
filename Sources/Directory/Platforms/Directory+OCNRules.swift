import HashTreeCollections
package import OCPI

// Whom platforms let through.
extension Directory {
    /// Whom a platform lets through.
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

    /// Why a request of `sender` to `module` must not reach `receiver`, by the receiver's OcnRules; nil if it may, and for receivers that
    /// are not connected here: their own node judges. O(1).
    package func refusal(of sender: PartyID, to receiver: PartyID, _ module: ModuleID) -> String? {
        guard let platform = platform(of: receiver), let settings = snapshot.state.platforms.rules[platform.id],
            let active = settings.active
        else { return nil }
        let name = OCNRulesEntry.ListName(platform: platform.id, list: active)
        let entry = snapshot.state.platforms.ruleEntries[name]?[sender]
        return OCNRules(signatures: settings.signatures, active: active, entries: entry.map { [$0] } ?? [])
            .refusal(of: sender, to: module)
    }

    /// Whether the receiver's OcnRules want requests signed by their sender. False for receivers that are not connected here: their own
    /// node judges. O(1).
    package func wantsSignatures(_ receiver: PartyID) -> Bool {
        platform(of: receiver).flatMap { snapshot.state.platforms.rules[$0.id]?.signatures } ?? false
    }

    /// Whether the receiver's OcnRules are content with a message that has this signature, or none.
    package func isContent(_ receiver: PartyID, withSignature signature: String?) -> Bool { signature != nil || !wantsSignatures(receiver) }

    /// The writes that turn a platform's OcnRules into those wanted; none if they are that already.
    ///
    /// However many of them take effect, a request gets through only if it did before or will afterwards: the entries of a list come before
    /// the record that puts it in force, and those of a list that no longer counts go after the record that ends it. Entries that an
    /// earlier, half-done write left behind go too.
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
