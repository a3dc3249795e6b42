package import OCPI

/// A platform's OcnRules: the parties from which it accepts requests (OCN node 1.1, OcnRules). At most one of the two lists is active.
package struct OCNRules: Sendable, Equatable {
    /// One of the two lists.
    package enum List: String, Sendable, CaseIterable {
        /// Only listed parties are accepted.
        case whitelist
        /// Listed parties are refused.
        case blacklist
    }

    /// One party on a list.
    package struct Entry: Sendable, Equatable {
        /// The party, in upper case.
        package var party: PartyID
        /// The modules it is listed for.
        package var modules: [ModuleID]

        /// The most modules of an entry.
        package static let maximumModules = 100

        /// - Parameter party: stored in upper case.
        package init(party: PartyID, modules: [ModuleID]) {
            self.party = party.canonical
            self.modules = modules
        }
    }

    /// Whether requests to this platform must be signed by their sender.
    package var signatures: Bool
    /// The active list.
    package var active: List?
    /// The entries of the active list, by party.
    package var entries: [Entry]

    /// The most entries of a list: each is a record of its own in `ocn.state`.
    package static let maximumEntries = 1000

    package init(signatures: Bool = false, active: List? = nil, entries: [Entry] = []) {
        self.signatures = signatures
        self.active = active
        self.entries = entries
    }

    /// Why a request of `sender` to `module` is refused; nil if it is accepted. Compares without case.
    ///
    /// A whitelist entry accepts the modules it lists, so an empty list accepts nothing. A blacklist entry refuses
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

    /// Whether the platform is notified of a party's status: by party, whatever the modules.
    package func mayKnow(_ party: PartyID) -> Bool {
        let isListed = entries.contains { $0.party == party }
        return switch active {
        case .whitelist: isListed
        case .blacklist: !isListed
        case nil: true
        }
    }
}
