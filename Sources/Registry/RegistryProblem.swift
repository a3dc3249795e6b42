/// One of the four lists that a registry consists of.
package enum RegistrySection: String, Sendable, CaseIterable {
    /// Nodes and where they are.
    case nodes
    /// Parties and whose node they use.
    case parties
    /// Services and what they ask for.
    case services
    /// Who agreed to which service.
    case agreements
}

/// Something about an entry that cannot hold.
package struct RegistryProblem: Sendable, Equatable {
    /// What it is about.
    package var place: EntryPlace
    /// What is wrong, in words that need no place.
    package var reason: String
    /// The entry that stands in the way, if one does.
    package var earlier: EntryPlace?

    /// - Parameters: as the properties say.
    package init(_ place: EntryPlace, _ reason: String, earlier: EntryPlace? = nil) {
        self.place = place
        self.reason = reason
        self.earlier = earlier
    }
}
