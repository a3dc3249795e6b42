/// A permission of the OCN Service Interface, by its number in the registry's contract (0 to 16): the requests of which a service may
/// receive copies.
package struct Permission: RawRepresentable, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// 0 to 16.
    package let rawValue: Int

    /// Nil for unknown numbers.
    package init?(rawValue: Int) {
        guard Self.names.indices.contains(rawValue) else { return nil }
        self.rawValue = rawValue
    }

    /// All 17, by number.
    package static let allCases: [Permission] = names.indices.compactMap(Permission.init(rawValue:))

    /// The name in the contract, e.g. `FORWARD_MODULE_CDRS_RECEIVER`.
    package var name: String { Self.names[rawValue] }

    package var description: String { name }

    /// Whether a request to that interface is copied. Only functional modules are.
    package func matches(module: ModuleID, interface: InterfaceRole) -> Bool {
        guard module.isFunctional else { return false }
        switch rawValue {
        case 0: return true
        case 1: return interface == .sender
        case 2: return interface == .receiver
        default:
            // From 3 on there are two numbers for each module, sender (odd) first.
            return Self.modules[(rawValue - 3) / 2] == module && (rawValue % 2 == 1) == (interface == .sender)
        }
    }

    private static let modules: [ModuleID] = [.locations, .sessions, .cdrs, .tariffs, .tokens, .commands, .chargingprofiles]

    private static let names: [String] =
        ["FORWARD_ALL", "FORWARD_ALL_SENDER", "FORWARD_ALL_RECEIVER"]
        + modules.flatMap { module in
            InterfaceRole.allCases.map { "FORWARD_MODULE_\(module.rawValue.uppercased())_\($0.rawValue)" }
        }
}
