import Encoding
package import OCPI

/// One endpoint a platform advertised (OCPI 2.2.1, 6.2.2 Endpoint).
package struct Endpoint: Sendable, Equatable {
    /// Module; custom modules included.
    package var module: ModuleID
    /// Interface it implements.
    package var interface: InterfaceRole
    /// Absolute URL.
    package var url: String

    /// - Parameters: as the properties say.
    package init(module: ModuleID, interface: InterfaceRole, url: String) {
        self.module = module
        self.interface = interface
        self.url = url
    }
}
