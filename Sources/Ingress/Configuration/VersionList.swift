import Encoding
import OCPI

/// The versions and endpoints that this node advertises (OCPI 2.2.1, 6): exactly those that it serves.
struct VersionList: Sendable {
    /// Base of every URL, without a slash at the end.
    let publicURL: String

    /// The `data` of `GET /ocpi/versions`.
    var versions: JSONValue {
        .array(OCPIVersion.allCases.map { ["version": .string($0.rawValue), "url": .string(url(.versionDetails($0)))] })
    }

    /// The `data` of `GET /ocpi/2.2` and `GET /ocpi/2.2.1`, in the order of the reference node: modules by name, then custom ones, then
    /// OcnRules.
    func details(_ version: OCPIVersion) -> JSONValue {
        let modules = (ModuleTable.functional + [.credentials, .hubclientinfo]).sorted { $0.rawValue < $1.rawValue }
        let endpoints = modules.flatMap { module in
            switch module {
            case .credentials: [endpoint(module.rawValue, .sender, url(.credentials(version)))]
            case .hubclientinfo: [endpoint(module.rawValue, .sender, url(.hubClientInfo(version)))]
            default:
                InterfaceRole.allCases.map {
                    endpoint(
                        module.rawValue, $0,
                        url(.module(ModuleRoute(version: version, module: module, interface: $0, remainder: ""))))
                }
            }
        }
        let custom = InterfaceRole.allCases.map { endpoint("custom", $0, "\(publicURL)/ocpi/custom/\($0.path)") }
        let rules = endpoint("ocnrules", .receiver, url(.ocnRules(version, rest: "")))
        return ["version": .string(version.rawValue), "endpoints": .array(endpoints + custom + [rules])]
    }

    private func url(_ route: Route) -> String { publicURL + route.path }

    private func endpoint(_ identifier: String, _ role: InterfaceRole, _ url: String) -> JSONValue {
        ["identifier": .string(identifier), "role": .string(role.rawValue), "url": .string(url)]
    }
}
