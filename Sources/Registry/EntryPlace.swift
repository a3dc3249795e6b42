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
