package import Directory
import Encoding
package import Logging
package import OCPI

/// Writes into the shared state what a handshake ended with, whichever side began it.
package struct RegistrationWriter: Sendable {
    let state: SharedState
    private let secrets: NodeSecrets
    let nodeAddress: String
    let hub: PartyID
    private let tokenOverlap: Duration
    private let logger: Logger

    /// - Parameters:
    ///   - state: what everything is read from and written to.
    ///   - secrets: seals the tokens that platforms are called with.
    ///   - nodeAddress: operator address of this node. Only parties the registry lists under it are served here.
    ///   - hub: the hub's own party, as which nobody is connected.
    ///   - tokenOverlap: for how long a token that was replaced stays good; zero turns it off at once, as OCPI wants it.
    ///   - logger: where trouble is told.
    package init(
        state: SharedState, secrets: NodeSecrets, nodeAddress: String, hub: PartyID, tokenOverlap: Duration = .zero, logger: Logger
    ) {
        self.state = state
        self.secrets = secrets
        self.nodeAddress = nodeAddress.lowercased()
        self.hub = hub
        self.tokenOverlap = tokenOverlap
        self.logger = logger
    }

    /// Whether the platform may act for all its parties, in these roles.
    /// - Throws: 2001 naming the first party or role that it may not act for.
    package func check(_ peer: PeerCredentials, for platform: Platform) throws(OCPIError) {
        let directory = state.directory()
        // What the hub broadcasts is written in its own name, and the registry may list it under this node.
        guard !peer.parties.contains(hub) else {
            throw OCPIError(code: .invalidParameters, message: "\(hub) is this hub itself")
        }
        try Registration.check(peer.parties, for: platform, nodeAddress: nodeAddress, now: .now, in: directory)
        try Registration.check(peer.roles, in: directory)
    }

    /// Connects the platform: claims its parties, then stores the rest.
    /// - Parameters:
    ///   - platform: as it stood when the handshake began; if somebody has connected, renewed or removed it since, it stays as they left it.
    ///   - token: what it calls us with from now on.
    /// - Throws: 2001 if a party is another's, 3000 if the state could not be written. No party is served by the platform then that was
    ///   not before.
    package func complete(
        _ platform: Platform, _ peer: PeerCredentials, _ description: PeerClient.Description, token: Token
    ) async throws(OCPIError) {
        // Asking the peer took its time: what was true before may no longer be.
        _ = try unchanged(platform)
        let claimed = try await claim(peer.parties, for: platform)
        do throws(OCPIError) {
            try await store(platform, peer, description, token: token)
        } catch {
            await withdraw(claimed, for: platform)
            throw error
        }
    }

    /// The second half of ``complete(_:_:_:token:)``, for parties that the platform serves already.
    func store(
        _ platform: Platform, _ peer: PeerCredentials, _ description: PeerClient.Description, token: Token
    ) async throws(OCPIError) {
        let sealed = try seal(peer.token)
        try await change(platform) { current in
            Registration.changes(
                for: current, peer, description, newToken: token, sealed: sealed, overlap: tokenOverlap, now: .now, in: state.directory())
        }
        do throws(OCPIError) {
            try await write(Registration.clearance(after: platform, peer, in: state.directory()))
        } catch {
            // The platform is connected and is told so. What is left of its claims is cleared away later.
            logger.warning("what a platform no longer serves is not cleared away yet", metadata: ["platform": "\(platform.id)"])
        }
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
        let now = Timestamp.now
        try await write(Registration.removal(of: platform, suspendedSince: now, now: now, in: state.directory()))
        logger.info("a platform left", metadata: ["platform": "\(platform.id)"])
    }

    /// Changes the platform's record and what goes with it, unless somebody connects, renews or removes the platform at the same time:
    /// that and what follows are one step, because of several records that follow the same one everybody takes the first in the log.
    /// - Parameter changes: what to write, given the record as it stands; invitations and encoding may differ from `platform`'s.
    /// - Returns: the record as it stands then.
    /// - Throws: 3000 if somebody else was first, or if the state could not be written.
    @discardableResult
    func change(_ platform: Platform, _ changes: (Platform) -> [FactChange]) async throws(OCPIError) -> Platform {
        for _ in 0..<SharedState.attempts {
            let wanted = changes(try unchanged(platform))
            try await write(wanted)
            guard let standing = state.directory().platform(id: platform.id) else { break }
            let written = wanted.compactMap { $0.value(as: Platform.self) }
            if written.contains(where: standing.hasSameCredentials(as:)) { return standing }
        }
        throw changedMeanwhile
    }

    /// - Throws: 3000 if somebody has connected, renewed or removed the platform since.
    private func unchanged(_ platform: Platform) throws(OCPIError) -> Platform {
        guard let standing = state.directory().platform(id: platform.id), standing.hasSameCredentials(as: platform) else {
            throw changedMeanwhile
        }
        return standing
    }

    private var changedMeanwhile: OCPIError {
        OCPIError(code: .serverError, message: "The platform's credentials were changed or removed at the same time, these do not count")
    }

    /// Seals a token for the shared state.
    func seal(_ token: Token) throws(OCPIError) -> SealedSecret {
        guard let sealed = secrets.seal(token) else {
            throw OCPIError(code: .serverError, message: "The node could not store the platform's token")
        }
        return sealed
    }

    /// - Throws: 3000 if the state could not be written.
    func write(_ changes: [FactChange]) async throws(OCPIError) {
        guard !changes.isEmpty else { return }
        do {
            try await state.write(changes)
        } catch {
            logger.error("credentials could not be stored", metadata: ["error": "\(error)"])
            throw OCPIError(code: .serverError, message: "The node could not store the credentials, try again")
        }
    }

    /// Two platforms may claim a party at the same time; asking the state again after our claim is in it shows who was first.
    /// - Returns: the parties that were claimed, the platform did not serve them before.
    private func claim(_ parties: [PartyID], for platform: Platform) async throws(OCPIError) -> [PartyID] {
        let now = Timestamp.now
        try Registration.check(parties, for: platform, nodeAddress: nodeAddress, now: now, in: state.directory())
        let new = Registration.new(parties, for: platform, in: state.directory())
        try await write(Registration.claims(of: new, for: platform, now: now))
        do {
            try Registration.confirm(new, for: platform, now: now, in: state.directory())
        } catch {
            try await write(Registration.withdrawal(of: new, for: platform))
            throw error
        }
        return new
    }

    /// Takes claims back after somebody else's change counted, except those of parties that the platform registered with by that. As long
    /// as nobody knows whether ours will count they stay: if it does not, they lapse.
    private func withdraw(_ claimed: [PartyID], for platform: Platform) async {
        let standing = state.directory().platform(id: platform.id)
        guard standing?.hasSameCredentials(as: platform) != true else { return }
        let registered = Set(standing?.roles.map(\.party) ?? [])
        do throws(OCPIError) {
            try await write(Registration.withdrawal(of: claimed.filter { !registered.contains($0) }, for: platform))
        } catch {
            // Nothing is routed by them. What is left is cleared away later.
            logger.warning("what a platform claimed in vain is not withdrawn yet", metadata: ["platform": "\(platform.id)"])
        }
    }
}
