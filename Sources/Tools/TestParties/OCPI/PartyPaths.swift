import OCPI

/// Which paths a party's server has.
package struct PartyPaths: Sendable {
    /// Versions, details and credentials are below this path.
    package let configuration: String
    /// The path of an interface.
    package let interface: @Sendable (Interface) -> String
    /// What every URL ends with that is advertised for an interface.
    package let suffix: String

    /// - Parameters: as the properties say.
    package init(
        configuration: String = "/ocpi", suffix: String = "",
        interface: @escaping @Sendable (Interface) -> String = { "/ocpi/2.2.1/\($0.module)" }
    ) {
        self.configuration = configuration
        self.interface = interface
        self.suffix = suffix
    }
}
