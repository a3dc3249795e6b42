/// A module of OCPI (OCPI 2.2.1, 6.2.5 ModuleID), or a custom one. An open set; compared in lower case.
package struct ModuleID: Hashable, Sendable, RawRepresentable, CustomStringConvertible {
    /// Always lower case.
    package let rawValue: String

    /// Any name; converted to lower case.
    package init(rawValue: String) { self.rawValue = rawValue.lowercased() }

    package var description: String { rawValue }

    /// Charge detail records: the cost of a session.
    package static let cdrs = ModuleID(rawValue: "cdrs")
    /// Limits that an eMSP or SCSP sets on a session's power.
    package static let chargingprofiles = ModuleID(rawValue: "chargingprofiles")
    /// Start, stop, reserve, unlock; the result follows later, at a `response_url`.
    package static let commands = ModuleID(rawValue: "commands")
    /// Registration of platforms; never routed.
    package static let credentials = ModuleID(rawValue: "credentials")
    /// Which parties are reachable; answered by the hub.
    package static let hubclientinfo = ModuleID(rawValue: "hubclientinfo")
    /// Charging locations with their EVSEs and connectors.
    package static let locations = ModuleID(rawValue: "locations")
    /// Charging sessions in progress.
    package static let sessions = ModuleID(rawValue: "sessions")
    /// Prices.
    package static let tariffs = ModuleID(rawValue: "tariffs")
    /// The cards and apps with which drivers identify.
    package static let tokens = ModuleID(rawValue: "tokens")
    /// The supported versions of a platform; never routed.
    package static let versions = ModuleID(rawValue: "versions")

    /// Whether this is one of the seven standard modules that are routed between parties.
    package var isFunctional: Bool { ModuleTable.functional.contains(self) }

    /// Whether OCPI defines this module, so that no custom module may use its name.
    package var isStandard: Bool { ocnName != nil || self == .versions }

    /// A custom module of that name. Nil for the names of standard modules, and unless it consists of 1 to 64 ASCII letters, digits, `-`,
    /// `_`, `.`, `~`, which need no encoding in a path.
    package static func custom(_ name: some StringProtocol) -> ModuleID? {
        guard 1...64 ~= name.utf8.count, name.utf8.allSatisfy(isNameByte) else { return nil }
        let module = ModuleID(rawValue: String(name))
        return module.isStandard ? nil : module
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// The name in OCN messages between nodes. Nil for custom modules and versions.
    package var ocnName: String? { Self.ocnNames.first { $0.module == self }?.name }

    /// The module of an OCN name. Nil for `CUSTOM` and unknown names.
    package init?(ocnName: String) {
        guard let entry = Self.ocnNames.first(where: { $0.name == ocnName }) else { return nil }
        self = entry.module
    }

    private static let ocnNames: [(module: ModuleID, name: String)] = [
        (.cdrs, "CDRS"), (.chargingprofiles, "CHARGING_PROFILES"), (.commands, "COMMANDS"), (.credentials, "CREDENTIALS"),
        (.hubclientinfo, "HUB_CLIENT_INFO"), (.locations, "LOCATIONS"), (.sessions, "SESSIONS"), (.tariffs, "TARIFFS"),
        (.tokens, "TOKENS"),
    ]
}
