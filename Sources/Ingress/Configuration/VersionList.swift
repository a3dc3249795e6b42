import OCPI
import Wire

/// The versions and endpoints this node advertises (OCPI 2.2.1, 6). Only what is served stands here.
struct VersionList: Sendable {
    /// Base of every URL, without a slash at the end.
    let publicURL: String

    /// Data of `GET /ocpi/versions`.
    var versions: JSONValue {
        .array(OCPIVersion.allCases.map { ["version": .string($0.rawValue), "url": .string("\(publicURL)/ocpi/\($0.rawValue)")] })
    }

    /// Data of `GET /ocpi/2.2` and `GET /ocpi/2.2.1`. Modules by name, custom ones last, like the reference.
    func details(_ version: OCPIVersion) -> JSONValue {
        let modules = (ModuleTable.functional + [.credentials]).sorted { $0.rawValue < $1.rawValue }
        let endpoints = modules.flatMap { module in
            module == .credentials
                ? [endpoint(module.rawValue, .sender, "\(version.rawValue)/credentials")]
                : InterfaceRole.allCases.map { endpoint(module.rawValue, $0, "\($0.path)/\(version.rawValue)/\(module)") }
        }
        let custom = InterfaceRole.allCases.map { endpoint("custom", $0, "custom/\($0.path)") }
        return ["version": .string(version.rawValue), "endpoints": .array(endpoints + custom)]
    }

    private func endpoint(_ identifier: String, _ role: InterfaceRole, _ path: String) -> JSONValue {
        ["identifier": .string(identifier), "role": .string(role.rawValue), "url": .string("\(publicURL)/ocpi/\(path)")]
    }
}
