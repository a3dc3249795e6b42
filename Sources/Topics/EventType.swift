import Encoding
import Kafka
import OCPI

/// `ce_type`: `org.openchargingnetwork.<module>.<sender|receiver>.<method>`.
struct EventType {
    static let prefix = "org.openchargingnetwork."

    let module: ModuleID
    let interface: InterfaceRole
    let method: Method

    init(module: ModuleID, interface: InterfaceRole, method: Method) {
        self.module = module
        self.interface = interface
        self.method = method
    }

    init?(text: String) {
        guard text.hasPrefix(EventType.prefix) else { return nil }
        // Names of custom modules may have dots.
        let parts = text.dropFirst(EventType.prefix.count).split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 3, let interface = InterfaceRole(path: parts[parts.count - 2]) else { return nil }
        let module = parts.dropLast(2).joined(separator: ".")
        let method = Method(rawValue: parts[parts.count - 1].uppercased())
        // Other methods are refused: TRACE, for instance, could make a recipient return what it received, including the hub's token.
        guard !module.isEmpty, ModuleTable.allMethods.contains(method) else { return nil }
        self.module = ModuleID(rawValue: module)
        self.interface = interface
        self.method = method
    }

    var text: String { "\(EventType.prefix)\(module).\(interface.path).\(method.rawValue.lowercased())" }
}
