package import Directory
import OCPI

/// Where registry entries come from. CONTROL reads it and publishes what it says in `ocn.state`.
package protocol RegistrySource: Sendable {
    /// Name of the source, stamped on its entries.
    var name: String { get }
    /// The whole registry as it is now, checked by ``RegistryCheck``.
    /// - Parameter directory: what `ocn.state` says; entries may refer to those of other sources there.
    /// - Throws: ``RegistryError`` with all that is wrong; the last good entries stay in force.
    func entries(beside directory: Directory) async throws(RegistryError) -> RegistryEntries
}
