import Hummingbird
import Logging
import NIOCore
import OCPI
import Wire

/// Versions, version details and credentials: answered by this node itself, per hop, without routing headers (OCPI 2.2.1, 4.1.5).
struct ConfigurationModules: Sendable {
    let gate: Gate
    let versions: VersionList
    let credentials: CredentialsModule
    let freshness: Freshness
    let intake: BodyIntake
    let logger: Logger

    func respond(_ request: Request, _ head: RequestHead, _ route: Route, _ context: IngressContext) async throws -> Response {
        let allowed: [Method] = if case .credentials = route { [.get, .post, .put, .delete] } else { [.get] }
        guard allowed.contains(head.method) else {
            throw OCPIError(code: .clientError, message: "\(head.method) is not available here", kind: .methodNotAllowed)
        }
        let (caller, directory) = try await freshness.ask(isWorthwhile: head.authorization != nil) { directory throws(OCPIError) in
            try gate.caller(head.authorization, registering: true, in: directory)
        }
        let address = ResponseAddress(MessageIDs(completing: head))
        switch route {
        case .versions: return .envelope(Envelope.success(data: versions.versions), address)
        case .versionDetails(let version): return .envelope(Envelope.success(data: versions.details(version)), address)
        case .credentials(let version):
            do {
                return try await intake.withBody(of: request, head, context) { body in
                    let data = try await credentials.answer(head.method, caller, version, body: body, directory)
                    return .envelope(Envelope.success(data: data), address)
                }
            } catch let error as OCPIError {
                return .refusal(error, version: version, address)
            }
        case .hubClientInfo, .module: throw OCPIError(code: .clientError, message: "There is no such resource", kind: .notFound)
        }
    }
}
