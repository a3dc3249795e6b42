package import Directory
import Encoding
package import Logging
import NIOCore
package import OCPI

/// The credentials handshake with this node as OCPI's Sender: it registers with a platform, renews the tokens and unregisters (OCPI 2.2.1,
/// 7.1). The operator starts it, and gets its errors.
///
/// Errors: 404 kind for an unknown id, 405 kind for a platform in the wrong state, 3001 to 3003 for faulty answers of the platform, 2001
/// for a role that may not be served here, 3000 if the state could not be written.
package struct Handshake: Sendable {
    let hub: HubCredentials
    let peers: PeerClient
    let registrationWriter: RegistrationWriter
    let logger: Logger

    /// - Parameters:
    ///   - hub: the hub's own credentials.
    ///   - peers: calls the platforms.
    ///   - registrationWriter: stores the result.
    ///   - logger: reports failures that do not change the result.
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

    /// Stores a platform with which this node is to register, for ``start(_:)``. Replaces a waiting one with the same token.
    /// - Parameters:
    ///   - token: the token A from the platform's operator.
    ///   - versionsURL: the URL of the platform's versions.
    ///   - invited: the parties that it may register; empty for any party that is listed here, not connected, and no service provider.
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

    /// How long the token for the platform is valid for versions and credentials only, in milliseconds. The platform's answer takes 30 s at
    /// most.
    private static let longestAnswer: Int64 = 5 * 60_000

    /// Registers with the platform: versions, details, POST of our credentials, and its answer.
    ///
    /// Until the platform has answered, its new token is valid for versions and credentials only. After a failure the platform has no
    /// parties and keeps its token A, so that the call can be repeated.
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

    /// Renews both tokens: PUT of our credentials. Also stores the platform's present version and endpoints. The old token stays valid
    /// until the platform has answered.
    ///
    /// If it is unknown whether the platform took the new token, both stay valid; the error says so.
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

    /// Fetches the credentials that the platform has of this node (GET), as a test of the connection.
    /// - Returns: the platform's answer.
    package func verify(_ id: String) async throws(OCPIError) -> PeerCredentials {
        let platform = try registered(id)
        let directory = registrationWriter.state.directory()
        guard let url = credentialsURL(of: platform, in: directory) else { throw noCredentialsEndpoint() }
        let peer = try await peers.ask(.get, url, try authorization(platform, platform.tokenEncoding), nil).credentials()
        if directory.status(of: id) == .offline { try await registrationWriter.write([.put(.status(platform: id, .connected, .now))]) }
        return peer
    }

    /// Unregisters from the platform: deletes its record here, then sends DELETE to its credentials module. In the other order the platform
    /// could delay its removal by delaying its answer.
    /// - Returns: whether the platform was reached and agreed.
    package func disconnect(_ id: String) async throws(OCPIError) -> Bool {
        let platform = try platform(id)
        let url = platform.isRegistered ? credentialsURL(of: platform, in: registrationWriter.state.directory()) : nil
        let authorization = try? authorization(platform, platform.tokenEncoding)
        try await registrationWriter.remove(platform)
        guard let url, let authorization else { return false }
        return await leave(url, authorization)
    }
}
