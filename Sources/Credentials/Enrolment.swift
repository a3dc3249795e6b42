package import Directory
package import Logging
package import OCPI
import Wire

/// Writes into the shared state what a handshake ended with, whichever side began it.
package struct Enrolment: Sendable {
    let state: SharedState
    private let secrets: NodeSecrets
    let nodeAddress: String
    private let tokenOverlap: Duration
    private let logger: Logger

    /// - Parameters:
    ///   - state: what everything is read from and written to.
    ///   - secrets: seals the tokens that platforms are called with.
    ///   - nodeAddress: operator address of this node. Only parties the registry lists under it are served here.
    ///   - tokenOverlap: for how long a token that was replaced stays good; zero turns it off at once, as OCPI wants it.
    ///   - logger: where trouble is told.
    package init(
        state: SharedState, secrets: NodeSecrets, nodeAddress: String, tokenOverlap: Duration = .zero, logger: Logger
    ) {
        self.state = state
        self.secrets = secrets
        self.nodeAddress = nodeAddress.lowercased()
        self.tokenOverlap = tokenOverlap
        self.logger = logger
    }

    /// Whether the platform may act for all its parties, in these roles.
    /// - Throws: 2001 naming the first party or role that it may not act for.
    package func check(_ peer: PeerCredentials, for platform: Platform) throws(OCPIError) {
        let directory = state.directory()
        try Registration.check(peer.parties, for: platform, nodeAddress: nodeAddress, now: .now, in: directory)
        try Registration.check(peer.roles, in: directory)
    }

    /// Connects the platform: claims its parties, then stores the rest.
    /// - Parameters:
    ///   - platform: as it stood when the handshake began; if it has changed since, nothing is written.
    ///   - token: what it calls us with from now on.
    /// - Throws: 2001 if a party is another's, 3000 if the state could not be written. No party is served by the platform then that was
    ///   not before.
    package func complete(
        _ platform: Platform, _ peer: PeerCredentials, _ description: PeerClient.Description, token: Token
    ) async throws(OCPIError) {
        // Asking the peer took its time: what was true before may no longer be.
        guard state.directory().platform(id: platform.id) == platform else {
            throw OCPIError(code: .serverError, message: "The platform's credentials were changed at the same time")
        }
        try await claim(peer.parties, for: platform)
        try await store(platform, peer, description, token: token)
    }

    /// The second half of ``complete(_:_:_:token:)``, for parties that the platform serves already.
    func store(
        _ platform: Platform, _ peer: PeerCredentials, _ description: PeerClient.Description, token: Token
    ) async throws(OCPIError) {
        let sealed = try seal(peer.token)
        try await write(
            Registration.changes(
                for: platform, peer, description, newToken: token, sealed: sealed, overlap: tokenOverlap, now: .now, in: state.directory()))
        logger.info(
            "a platform connected",
            metadata: [
                "platform": "\(platform.id)", "version": "\(description.version.rawValue)", "endpoints": "\(description.endpoints.count)",
                "parties": "\(peer.parties.map(\.description).joined(separator: " "))",
            ])
    }

    /// The platform leaves: its token is dead, nothing is sent to it, and its parties are told as suspended from then on.
    /// - Throws: 3000 if the state could not be written.
    package func remove(_ platform: Platform) async throws(OCPIError) {
        try await write(Registration.removal(of: platform, now: .now, in: state.directory()))
        logger.info("a platform left", metadata: ["platform": "\(platform.id)"])
    }

    /// Seals a token for the shared state.
    func seal(_ token: Token) throws(OCPIError) -> SealedSecret {
        guard let sealed = secrets.seal(token) else {
            throw OCPIError(code: .serverError, message: "The node could not store the platform's token")
        }
        return sealed
    }

    /// - Throws: 3000 if the state could not be written.
    func write(_ changes: [Change]) async throws(OCPIError) {
        guard !changes.isEmpty else { return }
        do {
            try await state.write(changes)
        } catch {
            logger.error("credentials could not be stored", metadata: ["error": "\(error)"])
            throw OCPIError(code: .serverError, message: "The node could not store the credentials, try again")
        }
    }

    /// Two platforms may claim a party at the same time; asking the state again after our claim is in it shows who was first.
    private func claim(_ parties: [PartyID], for platform: Platform) async throws(OCPIError) {
        let now = Timestamp.now
        try Registration.check(parties, for: platform, nodeAddress: nodeAddress, now: now, in: state.directory())
        try await write(Registration.claims(of: parties, for: platform, now: now))
        do {
            try Registration.confirm(parties, for: platform, now: now, in: state.directory())
        } catch {
            try await write(Registration.withdrawal(of: parties, for: platform))
            throw error
        }
    }
}
