import Directory
import Logging
import NIOCore
import OCPI
import Wire

/// The credentials module: how a platform connects, renews its tokens and leaves (OCPI 2.2.1, 7).
struct CredentialsModule: Sendable {
    let settings: IngressSettings
    let neighbours: Neighbours
    let secrets: NodeSecrets
    let peers: PeerClient
    let logger: Logger

    /// `data` of the answer. Nothing is changed when this throws before the first write.
    /// - Parameter version: of the endpoint that was called; the platform is connected with that version afterwards.
    func answer(
        _ method: Method, _ caller: Gate.Caller, _ version: OCPIVersion, body: ByteBuffer?, _ directory: Directory
    ) async throws(OCPIError) -> JSONValue? {
        let platform = caller.platform
        switch method {
        case .get: return own(caller.token)
        case .post:
            guard !platform.isRegistered else { throw notAllowed("Already registered: use PUT") }
            return try await connect(platform, version, body, directory)
        case .put:
            guard platform.isRegistered else { throw notAllowed("Not registered yet: use POST") }
            return try await connect(platform, version, body, directory)
        case .delete:
            guard platform.isRegistered else { throw notAllowed("Not registered") }
            try await write(Registration.removal(of: platform))
            logger.info("a platform left", metadata: ["platform": "\(platform.id)"])
            return nil
        default: throw notAllowed("\(method) is not available here")
        }
    }

    private func connect(
        _ platform: Platform, _ version: OCPIVersion, _ body: ByteBuffer?, _ directory: Directory
    ) async throws(OCPIError) -> JSONValue {
        let peer = try PeerCredentials(body)
        try Registration.check(peer.parties, for: platform, nodeAddress: settings.nodeAddress, now: .now, in: directory)
        let description = try await peers.describe(peer, version)
        guard let sealed = secrets.seal(peer.token) else {
            throw OCPIError(code: .serverError, message: "The node could not store your token")
        }
        try await claim(peer.parties, for: platform)
        let token = Token.generate()
        try await write(
            Registration.changes(for: platform, peer, description, version, newToken: token, sealed: sealed, now: .now))
        logger.info(
            "a platform connected",
            metadata: [
                "platform": "\(platform.id)", "version": "\(version.rawValue)", "endpoints": "\(description.endpoints.count)",
                "parties": "\(peer.parties.map(\.description).joined(separator: " "))",
            ])
        return own(token)
    }

    /// Two platforms may claim a party at the same time; asking the state again after our claim is in it shows who was first.
    private func claim(_ parties: [PartyID], for platform: Platform) async throws(OCPIError) {
        let now = Timestamp.now
        let directory = neighbours.directory()
        // Asking the peer took its time: what was true before may no longer be.
        guard directory.platform(id: platform.id) == platform else {
            throw OCPIError(code: .serverError, message: "Your credentials were changed at the same time")
        }
        try Registration.check(parties, for: platform, nodeAddress: settings.nodeAddress, now: now, in: directory)
        try await write(Registration.claims(of: parties, for: platform, now: now, in: directory))
        let after = neighbours.directory()
        guard let lost = parties.first(where: { !after.serves(platform, $0) }) else { return }
        try await write(Registration.withdrawal(of: parties, for: platform))
        throw OCPIError(code: .invalidParameters, message: "\(lost) is connected through another platform")
    }

    /// The hub's own credentials object for one platform.
    private func own(_ token: Token) -> JSONValue {
        [
            "token": .string(token.raw), "url": .string("\(settings.publicURL)/ocpi/versions"),
            "roles": [
                [
                    "role": "HUB", "business_details": ["name": .string(settings.hubName)],
                    "party_id": .string(settings.hub.party), "country_code": .string(settings.hub.country),
                ]
            ],
        ]
    }

    private func write(_ changes: [Change]) async throws(OCPIError) {
        do {
            try await neighbours.write(changes)
        } catch {
            logger.error("credentials could not be stored", metadata: ["error": "\(error)"])
            throw OCPIError(code: .serverError, message: "The node could not store your credentials, try again")
        }
    }

    private func notAllowed(_ message: String) -> OCPIError {
        OCPIError(code: .clientError, message: message, kind: .methodNotAllowed)
    }
}
