import Directory
import Encoding
import Hummingbird
import Logging
import NIOCore
import OCPI

/// Versions, credentials, HubClientInfo and OcnRules. This node answers them itself, between two platforms and without routing headers
/// (OCPI 2.2.1, 4.1.5).
struct ConfigurationModules: Sendable {
    let requestAdmission: RequestAdmission
    let versions: VersionList
    let credentials: CredentialsModule
    let clientInfo: ClientInfoModule
    let rules: RulesModule
    let dependencies: IngressDependencies
    let staleReadRetry: StaleReadRetry
    let bodyReader: BodyReader
    let logger: Logger

    func respond(_ request: Request, _ head: RequestHead, _ route: Route) async throws -> Response {
        try checkMethod(head.method, route)
        let isForToken = isForTokenA(route)
        let (caller, directory) = try await staleReadRetry.ask(isWorthwhile: head.authorization != nil) { directory throws(OCPIError) in
            try requestAdmission.caller(head.authorization, registering: isForToken, in: directory)
        }
        if countsAsActivity(route, caller.platform, in: directory) { dependencies.heard(caller.platform.id) }
        let address = ResponseAddress(MessageIDFactory(completing: head))
        let version = RequestDestination.configuration(route).version
        do {
            return try await bodyReader.withBody(of: request, head, from: caller.platform.id) { body in
                switch route {
                case .versions: return .envelope(Envelope.success(data: versions.versions), address)
                case .versionDetails(let version): return .envelope(Envelope.success(data: versions.details(version)), address)
                case .credentials(let version):
                    let data = try await credentials.answer(head.method, caller, version, body: body)
                    return .envelope(Envelope.success(data: data), address)
                case .hubClientInfo(let version):
                    return try clientInfo.respond(head.query, caller.platform, version, in: directory, address)
                case .ocnRules(_, let rest):
                    let data = try await rules.answer(
                        head.method, rest: rest, body: body, platform: caller.platform, directory: directory)
                    return .envelope(Envelope.success(data: data), address)
                case .module: throw OCPIError(code: .clientError, message: "There is no such resource", kind: .notFound)
                }
            }
        } catch let error as OCPIError {
            return .refusal(error, version: version, address)
        }
    }

    /// A GET of the client infos does not count as activity: it would move the caller to the end of the list between two pages.
    private func countsAsActivity(_ route: Route, _ platform: Platform, in directory: Directory) -> Bool {
        guard case .hubClientInfo = route else { return true }
        return directory.status(of: platform.id) != .connected
    }

    private func checkMethod(_ method: Method, _ route: Route) throws(OCPIError) {
        let allowed: [Method]
        switch route {
        // The resources of OcnRules have different methods, which the module checks itself.
        case .ocnRules: return
        case .credentials: allowed = [.get, .post, .put, .delete]
        case .versions, .versionDetails, .hubClientInfo, .module: allowed = [.get]
        }
        guard allowed.contains(method) else { throw .notAvailable(method, but: allowed) }
    }

    /// Whether token A is sufficient.
    private func isForTokenA(_ route: Route) -> Bool {
        switch route {
        case .versions, .versionDetails, .credentials: true
        case .hubClientInfo, .ocnRules, .module: false
        }
    }
}
