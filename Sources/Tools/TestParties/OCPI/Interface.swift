package import OCPI

/// A module and its interface role.
package struct Interface: Sendable, Hashable {
    /// The module.
    package let module: ModuleID
    /// The interface role.
    package let role: InterfaceRole

    /// - Parameters: as the properties say.
    package init(_ module: ModuleID, _ role: InterfaceRole) {
        self.module = module
        self.role = role
    }
}
