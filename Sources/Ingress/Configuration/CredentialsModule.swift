import Credentials
import Directory
import Encoding
import Logging
import NIOCore
import OCPI

/// The credentials module: how a platform connects, renews its tokens and leaves (OCPI 2.2.1, 7).
struct CredentialsModule: Sendable {
    private let hub: HubCredentials
    private let peers: PeerClient
    private let registrationWriter: RegistrationWriter
    private let underWay = RunningHandshakes()

    init(
        settings: IngressSettings, dependencies: IngressDependencies, secrets: NodeSecrets, peers: PeerClient, logger: Logger
    ) {
        hub = HubCredentials(publicURL: settings.publicURL, party: settings.hub, name: settings.hubName)
        self.peers = peers
        registrationWriter = RegistrationWriter(
            state: SharedState(directory: dependencies.directory, write: dependencies.write), secrets: secrets,
            nodeAddress: settings.nodeAddress, hub: settings.hub, tokenOverlap: settings.tokenOverlap, logger: logger)
    }

    /// The `data` of the answer. Nothing is changed when this throws before the first write.
    /// - Parameter version: of the called endpoint; the platform is connected with that version afterwards.
    func answer(
        _ method: Method, _ caller: RequestAdmission.Caller, _ version: OCPIVersion, body: ByteBuffer?
    ) async throws(OCPIError) -> JSONValue? {
        let platform = caller.platform
        switch method {
        case .get: return hub.object(caller.token)
        case .post:
            guard !platform.isRegistered else { throw notAllowed("Already registered: use PUT", platform) }
            return try await connect(platform, version, body)
        case .put:
            guard platform.isRegistered else { throw notAllowed("Not registered yet: use POST", platform) }
            return try await connect(platform, version, body)
        case .delete:
            guard platform.isRegistered else { throw notAllowed("Not registered", platform) }
            try await registrationWriter.remove(platform)
            return nil
        default: throw notAllowed("\(method) is not available here", platform)
        }
    }

    private func connect(_ platform: Platform, _ version: OCPIVersion, _ body: ByteBuffer?) async throws(OCPIError) -> JSONValue {
        let peer = try PeerCredentials(body)
        try registrationWriter.check(peer, for: platform)
        guard underWay.begin(platform.id) else {
            throw OCPIError(code: .serverError, message: "Too many handshakes are under way at this moment; nothing was changed, try again")
        }
        defer { underWay.end(platform.id) }
        let description = try await peers.describe(peer.versionsURL, peer.token, trying: platform.tokenEncoding, version)
        let token = Token.generate()
        try await registrationWriter.complete(platform, peer, description, token: token)
        return hub.object(token)
    }

    private func notAllowed(_ message: String, _ platform: Platform) -> OCPIError {
        OCPIError(
            code: .clientError, message: message,
            kind: .methodNotAllowed(platform.isRegistered ? [.get, .put, .delete] : [.get, .post]))
    }
}
