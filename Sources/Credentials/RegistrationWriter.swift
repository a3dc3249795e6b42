package import Directory
import Encoding
package import Logging
package import OCPI

/// Writes the result of a handshake into the shared state, whichever side began it.
package struct RegistrationWriter: Sendable {
    let state: SharedState
    private let secrets: NodeSecrets
    let nodeAddress: String
    let hub: PartyID
    private let tokenOverlap: Duration
    private let logger: Logger

    /// - Parameters:
    ///   - state: the shared state.
    ///   - secrets: encrypts the tokens with which platforms are called.
    ///   - nodeAddress: operator address of this node. Only parties that the registry lists under it are served here.
    ///   - hub: the hub's own party, which no platform may serve.
    ///   - tokenOverlap: how long a replaced token stays valid; zero invalidates it at once, as OCPI requires.
    ///   - logger: reports faults.
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

    /// Checks that the platform may act for all its parties, in these roles.
    /// - Throws: 2001 naming the first party or role for which it may not act.
    package func check(_ peer: PeerCredentials, for platform: Platform) throws(OCPIError) {
        let directory = state.directory()
        // Broadcasts are sent in the hub's own name, and the registry may list it under this node.
        guard !peer.parties.contains(hub) else {
            throw OCPIError(code: .invalidParameters, message: "\(hub) is this hub itself")
        }
        try Registration.check(peer.parties, for: platform, nodeAddress: nodeAddress, now: .now, in: directory)
        try Registration.check(peer.roles, in: directory)
    }

    /// Connects the platform: claims its parties, then stores the rest.
    /// - Parameters:
    ///   - platform: the record from the start of the handshake; if another process has connected, renewed or removed the platform since,
    ///     its record stays.
    ///   - token: the token with which it calls this node from now on.
    /// - Throws: 2001 if a party belongs to another platform, 3000 if the state could not be written. The platform then serves no
    ///   additional party.
    package func complete(
        _ platform: Platform, _ peer: PeerCredentials, _ description: PeerClient.Description, token: Token
    ) async throws(OCPIError) {
        // The state may have changed during the calls to the peer.
        _ = try unchanged(platform)
        let claimed = try await claim(peer.parties, for: platform)
        do throws(OCPIError) {
            try await store(platform, peer, description, token: token)
        } catch {
            await withdraw(claimed, for: platform)
            throw error
        }
    }

    /// The second half of ``complete(_:_:_:token:)``, for parties that the platform already serves.
    func store(
        _ platform: Platform, _ peer: PeerCredentials, _ description: PeerClient.Description, token: Token
    ) async throws(OCPIError) {
        let sealed = try seal(peer.token)
        try await change(platform) { current in
            Registration.changes(
                for: current, peer, description, newToken: token, sealed: sealed, overlap: tokenOverlap, now: .now, in: state.directory())
        }
        do throws(OCPIError) {
            try await write(Registration.cleanup(after: platform, peer, in: state.directory()))
        } catch {
            // The platform is connected and gets its answer. CONTROL deletes its obsolete claims later.
            logger.warning(
                "claims of a platform for parties that it no longer serves are not deleted yet", metadata: ["platform": "\(platform.id)"])
        }
        logger.info(
            "a platform connected",
            metadata: [
                "platform": "\(platform.id)", "version": "\(description.version.rawValue)", "endpoints": "\(description.endpoints.count)",
                "parties": "\(peer.parties.map(\.description).joined(separator: " "))",
            ])
    }

    /// Removes the platform: its token becomes invalid, requests to it end, and its parties are announced as suspended.
    /// - Throws: 3000 if the state could not be written.
    package func remove(_ platform: Platform) async throws(OCPIError) {
        let now = Timestamp.now
        try await write(Registration.removal(of: platform, suspendedSince: now, now: now, in: state.directory()))
        logger.info("a platform left", metadata: ["platform": "\(platform.id)"])
    }

    /// Changes the platform's record and related facts in one step, unless another process connects, renews or removes the platform at the
    /// same time: of several records with the same predecessor, every process takes the first in the log.
    /// - Parameter changes: the changes, given the present record; its invitations and encoding may differ from `platform`'s.
    /// - Returns: the resulting record.
    /// - Throws: 3000 if another process was first, or if the state could not be written.
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

    /// The present record of the platform.
    /// - Throws: 3000 if another process has connected, renewed or removed the platform since.
    private func unchanged(_ platform: Platform) throws(OCPIError) -> Platform {
        guard let standing = state.directory().platform(id: platform.id), standing.hasSameCredentials(as: platform) else {
            throw changedMeanwhile
        }
        return standing
    }

    private var changedMeanwhile: OCPIError {
        OCPIError(code: .serverError, message: "The platform's credentials were changed or removed at the same time, these do not count")
    }

    /// Encrypts a token for the shared state.
    func seal(_ token: Token) throws(OCPIError) -> SealedSecret {
        guard let sealed = secrets.seal(token) else {
            throw OCPIError(code: .serverError, message: "The node could not store the platform's token")
        }
        return sealed
    }

    /// Writes changes.
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

    /// Claims parties. Two platforms may claim a party at the same time; reading the state after the claim shows which one was first.
    /// - Returns: the claimed parties, which the platform did not serve before.
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

    /// Deletes claims after another process's change won, except those of parties that the platform registered by that change. While the
    /// outcome of our change is unknown the claims stay: if it fails, they lapse.
    private func withdraw(_ claimed: [PartyID], for platform: Platform) async {
        let standing = state.directory().platform(id: platform.id)
        guard standing?.hasSameCredentials(as: platform) != true else { return }
        let registered = Set(standing?.roles.map(\.party) ?? [])
        do throws(OCPIError) {
            try await write(Registration.withdrawal(of: claimed.filter { !registered.contains($0) }, for: platform))
        } catch {
            // The claims route nothing. CONTROL deletes remaining ones later.
            logger.warning("claims of a failed registration are not deleted yet", metadata: ["platform": "\(platform.id)"])
        }
    }
}
