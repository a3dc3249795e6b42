package import Encoding
package import OCPI

/// One endpoint a platform advertised (OCPI 2.2.1, 6.2.2 Endpoint).
package struct Endpoint: Sendable, Equatable {
    /// Module; custom modules included.
    package var module: ModuleID
    /// Interface it implements.
    package var interface: InterfaceRole
    /// Absolute URL.
    package var url: String

    package init(module: ModuleID, interface: InterfaceRole, url: String) {
        self.module = module
        self.interface = interface
        self.url = url
    }
}

extension Endpoint {
    var json: JSONValue {
        ["identifier": .string(module.rawValue), "role": .string(interface.rawValue), "url": .string(url)]
    }

    /// - Parameter json: one entry of a version's `endpoints`; nil is returned if a required member is missing.
    package init?(json: JSONValue) {
        guard let module = json["identifier"]?.string, let interface = json["role"]?.string.flatMap(InterfaceRole.init(rawValue:)),
            let url = json["url"]?.string
        else { return nil }
        self.init(module: ModuleID(rawValue: module), interface: interface, url: url)
    }
}
