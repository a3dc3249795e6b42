package import Directory
import OCPI
import Topics

/// An entry cannot be removed because others depend on it. Nothing was changed.
package struct RegistryInUse: Error, Equatable, CustomStringConvertible {
    /// The entry to remove.
    package let entry: Fact
    /// The entries that depend on it.
    package let dependents: [Fact]

    package init(entry: Fact, dependents: [Fact]) {
        self.entry = entry
        self.dependents = dependents
    }

    /// Entry and dependents in one line.
    package var description: String { "\(entry.registryName) is needed by \(dependents.map(\.registryName).joined(separator: ", "))" }
}
