/// The position of a registry entry or, with a field, of one of its values.
package struct EntryPlace: Hashable, Sendable, CustomStringConvertible {
    /// The list.
    package var section: RegistrySection
    /// The number of the entry, from 0.
    package var index: Int
    /// The name of the value, as in files.
    package var field: String?

    package init(_ section: RegistrySection, _ index: Int, _ field: String? = nil) {
        self.section = section
        self.index = index
        self.field = field
    }

    /// `parties[3].operator`
    package var description: String { "\(section.rawValue)[\(index)]" + (field.map { ".\($0)" } ?? "") }
}
