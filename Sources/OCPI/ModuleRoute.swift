/// A place in a module that is routed from party to party.
package struct ModuleRoute: Sendable, Equatable {
    /// Of the path; 2.2.1 for custom modules, whose path has none.
    package let version: OCPIVersion
    /// A functional module, or a custom one.
    package let module: ModuleID
    /// The interface that is called.
    package let interface: InterfaceRole
    /// What stands below the endpoint, verbatim (percent-encoding kept), without slashes around it. Empty for the endpoint itself.
    package let remainder: String
    /// Called through `/ocpi/custom/…`.
    package let isCustom: Bool

    /// A place; `remainder` as in the path.
    package init(version: OCPIVersion, module: ModuleID, interface: InterfaceRole, remainder: String, isCustom: Bool = false) {
        self.version = version
        self.module = module
        self.interface = interface
        self.remainder = remainder
        self.isCustom = isCustom
    }

    /// Path of our endpoint, as we advertise it: `/ocpi/receiver/2.2.1/cdrs`.
    package var endpointPath: String {
        isCustom
            ? "/ocpi/custom/\(interface.path)/\(module)"
            : "/ocpi/\(interface.path)/\(version.rawValue)/\(module)"
    }
}
