/// The module, interface and path of a request that is routed between parties.
package struct ModuleRoute: Sendable, Equatable {
    /// The version in the path; 2.2.1 for custom modules, whose path has none.
    package let version: OCPIVersion
    /// A functional module, or a custom one.
    package let module: ModuleID
    /// The interface that is called.
    package let interface: InterfaceRole
    /// The path below the endpoint, verbatim (percent-encoding kept), without surrounding slashes. Empty for the endpoint itself.
    package let remainder: String
    /// Whether it was called through `/ocpi/custom/…`.
    package let isCustom: Bool

    package init(version: OCPIVersion, module: ModuleID, interface: InterfaceRole, remainder: String, isCustom: Bool = false) {
        self.version = version
        self.module = module
        self.interface = interface
        self.remainder = remainder
        self.isCustom = isCustom
    }

    /// The path of our endpoint, as advertised: `/ocpi/receiver/2.2.1/cdrs`.
    package var endpointPath: String {
        isCustom
            ? "/ocpi/custom/\(interface.path)/\(module)"
            : "/ocpi/\(interface.path)/\(version.rawValue)/\(module)"
    }
}
