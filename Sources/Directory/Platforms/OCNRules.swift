package import OCPI

/// Whom a platform lets through: its OcnRules (OCN node 1.1, OcnRules). At most one of the two lists is active.
package struct OCNRules: Sendable, Equatable {
    /// One of the two lists.
    package enum List: String, Sendable, CaseIterable {
        /// Only who is listed gets through.
        case whitelist
        /// Who is listed does not get through.
        case blacklist
    }

    /// One party on a list.
    package struct Entry: Sendable, Equatable {
        /// The party, in upper case.
        package var party: PartyID
        /// The modules it is listed for.
        package var modules: [ModuleID]

        /// Most modules of an entry.
        package static let maximumModules = 100

        /// - Parameters: as the properties say.
        package init(party: PartyID, modules: [ModuleID]) {
            self.party = party.canonical
            self.modules = modules
        }
    }

    /// Whether requests to this platform must be signed by their sender.
    package var signatures: Bool
    /// The list in force.
    package var active: List?
    /// The entries of the list in force, by party.
    package var entries: [Entry]

    /// Most entries of a list: every one is a record of its own in `ocn.state`.
    package static let maximumEntries = 1000

    /// - Parameters: as the properties say.
    package init(signatures: Bool = false, active: List? = nil, entries: [Entry] = []) {
        self.signatures = signatures
        self.active = active
        self.entries = entries
    }

    /// Why a request of `sender` to `module` is refused; nil if it is let through. Compares without case.
    ///
    /// An entry of the whitelist lets through the modules it lists, so an empty list lets nothing through. An entry of the blacklist
    /// refuses the modules it lists, and everything if it lists none.
    package func refusal(of sender: PartyID, to module: ModuleID) -> String? {
        guard let active else { return nil }
        let entry = entries.first { $0.party == sender }
        let isRefused =
            switch active {
            case .whitelist: entry?.modules.contains(module) != true
            case .blacklist: entry.map { $0.modules.isEmpty || $0.modules.contains(module) } ?? false
            }
        return isRefused ? "Sender not whitelisted to request \(module) from receiver." : nil
    }

    /// Whether the platform is told of a party's status at all: by party, whatever the modules.
    package func mayKnow(_ party: PartyID) -> Bool {
        let isListed = entries.contains { $0.party == party }
        return switch active {
        case .whitelist: isListed
        case .blacklist: !isListed
        case nil: true
        }
    }
}

extension Directory {
    /// Whether the receiver's OcnRules want requests signed by their sender. False for receivers that are not connected here: their own
    /// node judges. O(1).
    package func wantsSignatures(_ receiver: PartyID) -> Bool {
        guard let platform = platform(of: receiver), case .rules(_, let signatures, _) = fact(FactKey.rules(platform.id)) else {
            return false
        }
        return signatures
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
