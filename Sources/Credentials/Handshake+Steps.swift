import Directory
import Logging
import OCPI

extension Handshake {
    /// The platform with that id.
    /// - Throws: 404 kind if there is none.
    func platform(_ id: String) throws(OCPIError) -> Platform {
        guard let platform = registrationWriter.state.directory().platform(id: id) else {
            throw OCPIError(code: .clientError, message: "There is no platform \(id)", kind: .notFound)
        }
        return platform
    }

    func registered(_ id: String) throws(OCPIError) -> Platform {
        let platform = try platform(id)
        guard platform.isRegistered else { throw wrongState("The platform is not connected yet") }
        return platform
    }

    func describe(_ platform: Platform) async throws(OCPIError) -> PeerClient.Description {
        guard let url = platform.versionsURL, let token = registrationWriter.state.directory().outboundToken(of: platform.id) else {
            throw wrongState("The platform gave us no versions URL and token to call it with")
        }
        return try await peers.describe(url, token, trying: platform.tokenEncoding)
    }

    /// The URL for sending credentials. Without one, nothing is sent (OCPI 2.2.1, 7.1.2).
    func credentialsURL(_ description: PeerClient.Description) throws(OCPIError) -> String {
        guard let url = description.credentialsURL else { throw noCredentialsEndpoint() }
        return url
    }

    func credentialsURL(of platform: Platform, in directory: Directory) -> String? {
        directory.endpoints(of: platform.id).first { $0.module == .credentials }?.url
    }

    func authorization(_ platform: Platform, _ encoding: TokenEncoding) throws(OCPIError) -> String {
        guard let token = registrationWriter.state.directory().outboundToken(of: platform.id) else {
            throw wrongState("The platform gave us no token to call it with")
        }
        return token.authorization(encoding: encoding)
    }

    /// Connects the platform after its answer. The platform counts itself as connected; if it must not be, it gets a DELETE with the token
    /// that it has just given.
    func complete(
        _ waiting: Platform, _ peer: PeerCredentials, _ description: PeerClient.Description, _ credentialsURL: String, _ token: Token
    ) async throws(OCPIError) {
        do {
            try registrationWriter.check(peer, for: waiting)
            try await registrationWriter.complete(waiting, peer, description, token: token)
        } catch {
            _ = await leave(credentialsURL, peer.token.authorization(encoding: description.encoding))
            throw error
        }
    }

    /// Stores the result of a renewal, in which the platform has replaced both tokens. Roles that may not be served here stay unchanged;
    /// the tokens are stored in any case.
    func adopt(
        _ waiting: Platform, _ peer: PeerCredentials, _ description: PeerClient.Description, _ token: Token
    ) async throws(OCPIError) {
        do {
            try await registrationWriter.complete(waiting, peer, description, token: token)
        } catch {
            guard error.code == .invalidParameters else { throw error }
            var unchanged = peer
            unchanged.roles = waiting.roles
            try await registrationWriter.store(waiting, unchanged, description, token: token)
            throw OCPIError(code: error.code, message: "The tokens are renewed, but not the roles: \(error.message)")
        }
    }

    /// Sends DELETE to the platform's credentials module.
    func leave(_ url: String, _ authorization: String) async -> Bool {
        do {
            let answer = try await peers.ask(.delete, url, authorization, nil)
            guard !answer.isSuccess else { return true }
            logger.info("unregistered from a platform", metadata: ["url": "\(url)", "answer": "\(answer.statuses)"])
        } catch {
            logger.info("a platform could not be informed that this node unregisters", metadata: ["url": "\(url)", "error": "\(error)"])
        }
        return false
    }

    /// Restores the previous record, unless another process has changed it since.
    func restore(_ platform: Platform, from waiting: Platform) async {
        guard let standing = registrationWriter.state.directory().platform(id: platform.id), standing.hasSameCredentials(as: waiting) else {
            return
        }
        do {
            try await registrationWriter.change(waiting) { current in
                let before = current.changed { record in
                    record.tokenAHash = platform.tokenAHash
                    record.tokenAExpires = platform.tokenAExpires
                    record.tokenCHashes = platform.tokenCHashes
                }
                return [.put(.platform(before))]
            }
        } catch {
            logger.warning("an unused token remains valid", metadata: ["platform": "\(platform.id)", "error": "\(error)"])
        }
    }

    // MARK: Errors

    func wrongState(_ message: String) -> OCPIError {
        OCPIError(code: .clientError, message: message, kind: .methodNotAllowed([]))
    }

    func noCredentialsEndpoint() -> OCPIError {
        OCPIError(code: .noMatchingEndpoints, message: "The platform advertises no credentials endpoint")
    }

    func unknownOutcome(_ what: String) -> OCPIError {
        OCPIError(
            code: .unableToUseClientAPI,
            message: "It is not known whether the platform took the new token, so both the old and the new one remain valid: \(what)")
    }
}
