package import OCPI

/// One module of a party, by the side that it plays.
package struct Interface: Sendable, Hashable {
    /// The module.
    package let module: ModuleID
    /// Its side.
    package let role: InterfaceRole

    /// - Parameters: as the properties say.
    package init(_ module: ModuleID, _ role: InterfaceRole) {
        self.module = module
        self.role = role
    }
}
