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
