package import Directory
import OCPI
import Topics

/// An entry cannot be removed because others refer to it. Nothing was changed.
package struct RegistryInUse: Error, Equatable, CustomStringConvertible {
    /// What was to be removed.
    package let entry: Fact
    /// What would refer to nothing without it.
    package let dependents: [Fact]

    /// - Parameters: as the properties say.
    package init(entry: Fact, dependents: [Fact]) {
        self.entry = entry
        self.dependents = dependents
    }

    /// All of them in one line.
    package var description: String { "\(entry.registryName) is needed by \(dependents.map(\.registryName).joined(separator: ", "))" }
}
