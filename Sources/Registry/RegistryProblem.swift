/// One of the four lists of a registry.
package enum RegistrySection: String, Sendable, CaseIterable {
    /// Nodes and their URLs.
    case nodes
    /// Parties and their nodes.
    case parties
    /// Services and their permissions.
    case services
    /// Agreements of parties to services.
    case agreements
}

/// A fault of a registry entry.
package struct RegistryProblem: Sendable, Equatable {
    /// The position of the fault.
    package var place: EntryPlace
    /// The fault, in words that need no position.
    package var reason: String
    /// The conflicting earlier entry, if there is one.
    package var earlier: EntryPlace?

    package init(_ place: EntryPlace, _ reason: String, earlier: EntryPlace? = nil) {
        self.place = place
        self.reason = reason
        self.earlier = earlier
    }
}
