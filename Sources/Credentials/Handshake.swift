package import Directory
import Encoding
package import Logging
import NIOCore
package import OCPI

/// The credentials handshake with this node as OCPI's Sender: it connects itself to a platform, renews the tokens and leaves
/// (OCPI 2.2.1, 7.1). The operator starts it; the errors are for the operator.
///
/// Errors: 404 kind for an id that is not known, 405 kind for a platform in the wrong state, 3001 to 3003 for what is wrong with the
/// platform's answers, 2001 for a role that must not be served here, 3000 if the state could not be written.
package struct Handshake: Sendable {
    let hub: HubCredentials
    let peers: PeerClient
    let registrationWriter: RegistrationWriter
    let logger: Logger

    /// - Parameters:
    ///   - hub: what we say about ourselves.
    ///   - peers: calls the platforms.
    ///   - enrolment: stores what came of it.
    ///   - logger: where failures are told that change nothing.
    package init(hub: HubCredentials, peers: PeerClient, registrationWriter: RegistrationWriter, logger: Logger) {
        self.hub = hub
        self.peers = peers
        self.registrationWriter = registrationWriter
        self.logger = logger
    }

    /// Operator address of this node, lower case.
    package var nodeAddress: String { registrationWriter.nodeAddress }
    /// The hub's own party.
    package var hubParty: PartyID { registrationWriter.hub }

    /// A platform that we are to register with, for ``start(_:)``. Stored at once; one that waits with the same token is replaced.
    /// - Parameters:
    ///   - token: the token A that the platform's operator gave out.
    ///   - versionsURL: where the platform's versions are.
    ///   - invited: whom it may register as; empty for any party that is listed here, not connected, and no provider of services.
    package func prepare(_ token: Token, versionsURL: String, invited: [PartyID] = []) async throws(OCPIError) -> Platform {
        let directory = registrationWriter.state.directory()
        let hash = TokenHash.of(token)
        let replaced = directory.platforms.filter { platform in
            !platform.isRegistered && directory.outboundToken(of: platform.id).map(TokenHash.of) == hash
        }
        let now = Timestamp.now
        var platform = Platform(id: UUIDText.v4(), outboundToken: try registrationWriter.seal(token), versionsURL: versionsURL, revision: 1)
        platform.invite(invited, until: now.adding(milliseconds: Platform.invitationLifetime))
        try await registrationWriter.write(
            [.put(.status(platform: platform.id, .planned, now)), .put(.platform(platform))]
                + replaced.flatMap { Registration.removal(of: $0, suspendedSince: now, now: now, in: directory) })
        return platform
    }

    /// How long the token that a platform is about to get is good for our versions and credentials, milliseconds. Its answer takes 30 s at most.
    private static let longestAnswer: Int64 = 5 * 60_000

    /// Registers with the platform: versions, details, POST of our credentials, and its answer.
    ///
    /// While the platform answers, the token it is about to get is good for our versions and credentials only. After a failure there are
    /// no parties and our token A is kept, so that this can be tried again.
    package func start(_ id: String) async throws(OCPIError) -> Platform {
        let platform = try platform(id)
        guard !platform.isRegistered else { throw wrongState("The platform is connected already") }
        let description = try await describe(platform)
        let credentialsURL = try credentialsURL(description)
        let token = Token.generate()
        let waiting = try await registrationWriter.change(platform) { current in
            let waiting = current.changed { record in
                record.tokenAHash = TokenHash.of(token)
                record.tokenAExpires = Timestamp.now.adding(milliseconds: Handshake.longestAnswer)
            }
            return [.put(.platform(waiting))]
        }
        do {
            let called = try await peers.ask(
                .post, credentialsURL, try authorization(platform, description.encoding), hub.object(token).encoded())
            let peer = try called.credentials()
            try await complete(waiting, peer, description, credentialsURL, token)
        } catch {
            await restore(platform, from: waiting)
            throw error
        }
        return try self.platform(id)
    }

    /// Gives the platform a new token and takes its new one: PUT of our credentials. Takes over whatever version and endpoints it has by
    /// now. The old token stays good until the platform has answered.
    ///
    /// If nobody knows whether the platform took the new token, both stay good; the error says so.
    package func renew(_ id: String) async throws(OCPIError) -> Platform {
        let platform = try registered(id)
        let description = try await describe(platform)
        let credentialsURL = try credentialsURL(description)
        let token = Token.generate()
        let waiting = try await registrationWriter.change(platform) { current in
            [.put(.platform(current.changed { $0.tokenCHashes.append(TokenHash.of(token)) }))]
        }

        let answer: PeerAnswer
        do {
            answer = try await peers.ask(
                .put, credentialsURL, try authorization(platform, description.encoding), hub.object(token).encoded())
        } catch {
            throw unknownOutcome(error.message)
        }
        guard !answer.isRefusal else {
            await restore(platform, from: waiting)
            throw OCPIError(
                code: .unableToUseClientAPI, message: "The platform refused new credentials (\(answer.statuses)); nothing has changed")
        }
        let peer: PeerCredentials
        do {
            peer = try answer.credentials()
        } catch {
            throw unknownOutcome(error.message)
        }
        try await adopt(waiting, peer, description, token)
        return try self.platform(id)
    }

    /// Asks the platform for the credentials it has of us (GET), to see whether the connection works.
    /// - Returns: what it says about itself.
    package func verify(_ id: String) async throws(OCPIError) -> PeerCredentials {
        let platform = try registered(id)
        let directory = registrationWriter.state.directory()
        guard let url = credentialsURL(of: platform, in: directory) else { throw noCredentialsEndpoint() }
        let peer = try await peers.ask(.get, url, try authorization(platform, platform.tokenEncoding), nil).credentials()
        if directory.status(of: id) == .offline { try await registrationWriter.write([.put(.status(platform: id, .connected, .now))]) }
        return peer
    }

    /// Leaves the platform: everything about it is removed here, then it is told (DELETE at its credentials module). Not the other way round: it
    /// could choose the moment of its removal by the time of its answer.
    /// - Returns: whether the platform was told and agreed.
    package func disconnect(_ id: String) async throws(OCPIError) -> Bool {
        let platform = try platform(id)
        let url = platform.isRegistered ? credentialsURL(of: platform, in: registrationWriter.state.directory()) : nil
        let authorization = try? authorization(platform, platform.tokenEncoding)
        try await registrationWriter.remove(platform)
        guard let url, let authorization else { return false }
        return await leave(url, authorization)
    }
}
