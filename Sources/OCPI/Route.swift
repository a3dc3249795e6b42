/// The target of a request's path.
package enum Route: Sendable, Equatable {
    /// `/ocpi/versions`
    case versions
    /// `/ocpi/2.2.1`
    case versionDetails(OCPIVersion)
    /// `/ocpi/2.2.1/credentials`
    case credentials(OCPIVersion)
    /// `/ocpi/2.2.1/hubclientinfo`
    case hubClientInfo(OCPIVersion)
    /// `/ocpi/receiver/2.2.1/ocnrules…` and, where the reference nodes advertise it, `/ocpi/2.2.1/receiver/ocnrules…`; `rest` is the path
    /// below, without surrounding slashes.
    case ocnRules(OCPIVersion, rest: String)
    /// A module that is routed to a party.
    case module(ModuleRoute)

    /// Parses a path without its query; a trailing slash makes no difference. Nil for unknown paths, and for paths that another server may
    /// read differently: empty segments, dot segments (also percent-encoded, and after a backslash, which some take for a slash), control
    /// characters, and bytes beyond ASCII, which a URL must encode (RFC 3986, 2): Swift would combine some of them with an adjacent slash
    /// into one character.
    package static func parse(path: String) -> Route? {
        guard path.hasPrefix("/"), path.utf8.allSatisfy(isPathByte), !URLJoin.hasDotSegments(path) else { return nil }
        var segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        if segments.last == "" { segments.removeLast() }
        guard segments.popFirst() == "ocpi", !segments.contains(""), let first = segments.popFirst() else { return nil }

        if first == "versions" { return segments.isEmpty ? .versions : nil }
        if first == "custom" { return custom(segments) }
        if let version = OCPIVersion(rawValue: String(first)) { return below(version, segments) }
        guard let interface = InterfaceRole(path: first), let version = segments.popFirst().flatMap({ OCPIVersion(rawValue: String($0)) }),
            let name = segments.popFirst()
        else { return nil }
        if interface == .receiver, name == ocnRulesName { return .ocnRules(version, rest: segments.joined(separator: "/")) }
        guard let module = functional(name) else { return nil }
        return .module(ModuleRoute(version: version, module: module, interface: interface, remainder: segments.joined(separator: "/")))
    }

    /// The module above an unknown path, so that a refusal there looks like the module's.
    package static func module(above path: String) -> ModuleRoute? {
        // `/ocpi/sender/2.2.1/cdrs`, `/ocpi/2.2.1/sender/chargingprofiles`, `/ocpi/custom/sender/parking`
        let segments = Array(path.utf8).split(separator: UInt8(ascii: "/"), maxSplits: 5, omittingEmptySubsequences: false)
        let place = segments.prefix(5).joined(separator: CollectionOfOne(UInt8(ascii: "/")))
        guard segments.count == 6, case .module(let route) = parse(path: String(decoding: Array(place), as: UTF8.self)) else { return nil }
        return route
    }

    /// The path from which `parse` makes this route.
    package var path: String {
        switch self {
        case .versions: "/ocpi/versions"
        case .versionDetails(let version): "/ocpi/" + version.rawValue
        case .credentials(let version): "/ocpi/" + version.rawValue + "/credentials"
        case .hubClientInfo(let version): "/ocpi/" + version.rawValue + "/hubclientinfo"
        case .ocnRules(let version, let rest):
            "/ocpi/receiver/" + version.rawValue + "/" + Route.ocnRulesName + (rest.isEmpty ? "" : "/" + rest)
        case .module(let route): route.remainder.isEmpty ? route.endpointPath : route.endpointPath + "/" + route.remainder
        }
    }

    /// Routes `/ocpi/2.2.1…`: the configuration modules, and the charging profiles of the reference nodes.
    private static func below(_ version: OCPIVersion, _ rest: ArraySlice<Substring>) -> Route? {
        var rest = rest
        guard let first = rest.popFirst() else { return .versionDetails(version) }
        if first == "credentials" { return rest.isEmpty ? .credentials(version) : nil }
        if first == "hubclientinfo" { return rest.isEmpty ? .hubClientInfo(version) : nil }
        guard let interface = InterfaceRole(path: first), let name = rest.popFirst() else { return nil }
        if interface == .receiver, name == ocnRulesName { return .ocnRules(version, rest: rest.joined(separator: "/")) }
        guard name == "chargingprofiles" else { return nil }
        return .module(
            ModuleRoute(version: version, module: .chargingprofiles, interface: interface, remainder: rest.joined(separator: "/")))
    }

    /// Routes `/ocpi/custom/{interface}/{module}…`. The names of standard modules are refused, because they would bypass the checks.
    private static func custom(_ rest: ArraySlice<Substring>) -> Route? {
        var rest = rest
        guard let interface = rest.popFirst().flatMap({ InterfaceRole(path: $0) }),
            let module = rest.popFirst().flatMap({ ModuleID.custom($0) })
        else { return nil }
        return .module(
            ModuleRoute(version: .v2_2_1, module: module, interface: interface, remainder: rest.joined(separator: "/"), isCustom: true))
    }

    private static let ocnRulesName = "ocnrules"

    private static func functional(_ name: Substring) -> ModuleID? {
        ModuleTable.functional.first { $0.rawValue == name }
    }

    private static func isPathByte(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "?") && byte != UInt8(ascii: "#")
    }
}
