package import Directory
import OCPI

/// A source of registry entries. CONTROL reads it and publishes its entries in `ocn.state`.
package protocol RegistrySource: Sendable {
    /// The name of the source, which its entries carry.
    var name: String { get }
    /// All present entries, checked by ``RegistryCheck``.
    /// - Parameter directory: the contents of `ocn.state`, to whose entries of other sources this one's may refer.
    /// - Throws: ``RegistryError`` with all faults; the last good entries stay in force.
    func entries(beside directory: Directory) async throws(RegistryError) -> RegistryEntries
}
