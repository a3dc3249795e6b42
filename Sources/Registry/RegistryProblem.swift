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

/// Where in a registry something stands: an entry or, with a field, a value of it.
package struct EntryPlace: Hashable, Sendable, CustomStringConvertible {
    /// Which list.
    package var section: RegistrySection
    /// Number of the entry, from 0.
    package var index: Int
    /// Name of the value, as files write it.
    package var field: String?

    /// - Parameters: as the properties say.
    package init(_ section: RegistrySection, _ index: Int, _ field: String? = nil) {
        self.section = section
        self.index = index
        self.field = field
    }

    /// `parties[3].operator`
    package var description: String { "\(section.rawValue)[\(index)]" + (field.map { ".\($0)" } ?? "") }
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

/// A registry that could not be read, or entries that make no sense. Nothing was changed.
package struct RegistryError: Error, Equatable, CustomStringConvertible {
    /// What is wrong and where, all of it.
    package let problems: [String]

    /// How many problems a line of text names.
    private static let named = 5

    /// - Parameter problem: the only thing that is wrong.
    package init(_ problem: String) { problems = [problem] }

    /// - Parameter problems: everything that is wrong.
    package init(problems: [String]) { self.problems = problems }

    /// The first problems in one line.
    package var description: String {
        let rest = problems.count - RegistryError.named
        return problems.prefix(RegistryError.named).joined(separator: "; ") + (rest > 0 ? "; and \(rest) more" : "")
    }
}
