import OCPI

/// The paths of a party's server.
package struct PartyPaths: Sendable {
    /// The path above versions, details and credentials.
    package let configuration: String
    /// The path of an interface.
    package let interface: @Sendable (Interface) -> String
    /// The end of every advertised interface URL.
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
