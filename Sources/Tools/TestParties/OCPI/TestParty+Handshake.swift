package import Encoding
import NIOHTTP1
package import OCPI
import Synchronization

// A party registers and unregisters (OCPI 2.2.1, 7), and the headers of its requests.
extension TestParty {
    /// Registers: token A from the hub's operator, versions, details, POST credentials.
    /// - Throws: ``HandshakeFailure`` that names the failed step, ``CallFailure``.
    package func register(with hub: HubOperator, version: OCPIVersion = .v2_2_1) async throws {
        let invitation = try await hub.invite(description.ids, through: caller, within: limit)
        try await discover(invitation.versionsURL, version, with: invitation.tokenA)
        let answer = try await postCredentials(with: invitation.tokenA)
        guard try data(of: answer, "was not registered")["token"]?.string != nil else { throw failure("got no token C", answer) }
    }

    /// Reads the hub's versions and the details of one, and stores its endpoints.
    /// - Parameters:
    ///   - versionsURL: the hub's versions endpoint.
    ///   - token: nil for token C.
    /// - Returns: `data` of the details.
    @discardableResult
    package func discover(_ versionsURL: String, _ version: OCPIVersion, with token: Token? = nil) async throws -> JSONValue {
        let url = try await detailsURL(of: version, at: versionsURL, with: token)
        let details = try data(of: try await configure(.get, url, token: token), "got no version details")
        var endpoints: [Interface: String] = [:]
        var credentialsURL: String?
        for endpoint in details["endpoints"]?.array ?? [] {
            guard let module = endpoint["identifier"]?.string, let url = endpoint["url"]?.string else { continue }
            // The role of a credentials endpoint has no meaning (OCPI 2.2.1, 6.2).
            if module == "credentials" { credentialsURL = url }
            guard let role = endpoint["role"]?.string.flatMap(InterfaceRole.init(rawValue:)) else { continue }
            endpoints[Interface(ModuleID(rawValue: module), role)] = url
        }
        registration.withLock { registration in
            registration.endpoints = endpoints
            registration.credentialsURL = credentialsURL
        }
        return details
    }

    /// The URL of the details of a version, from the hub's versions.
    package func detailsURL(of version: OCPIVersion, at versionsURL: String, with token: Token? = nil) async throws -> String {
        let versions = try await configure(.get, versionsURL, token: token)
        let entry = try data(of: versions, "got no versions").array?.first { $0["version"]?.string == version.rawValue }
        guard let url = entry?["url"]?.string else { throw failure("found no version \(version.rawValue)", versions) }
        return url
    }

    /// POST credentials; stores token C from the answer.
    /// - Parameter credentials: nil for its own.
    package func postCredentials(with tokenA: Token, _ credentials: JSONValue? = nil) async throws -> CallAnswer {
        keeping(try await configure(.post, try credentialsURL(), body: credentials ?? self.credentials, token: tokenA))
    }

    /// PUT credentials; stores the new token C from the answer.
    /// - Parameters:
    ///   - credentials: nil for its own.
    ///   - url: nil for the endpoint that was discovered.
    package func putCredentials(_ credentials: JSONValue? = nil, at url: String? = nil) async throws -> CallAnswer {
        let url = try url ?? credentialsURL()
        return keeping(try await configure(.put, url, body: credentials ?? self.credentials))
    }

    /// Unregisters with DELETE credentials if it is registered, whatever the hub answers.
    package func leave() async {
        guard tokenC != nil, let url = try? credentialsURL() else { return }
        _ = try? await configure(.delete, url)
        registration.withLock { $0.tokenC = nil }
    }

    /// The hub's credentials endpoint of the version that was discovered.
    package func credentialsURL() throws(HandshakeFailure) -> String {
        guard let url = registration.withLock({ $0.credentialsURL }) else { throw HandshakeFailure("\(id) found no credentials endpoint") }
        return url
    }

    /// The routing headers of a request to another party.
    /// - Parameter sender: which of the platform's parties; nil for the first one.
    package func route(from sender: PartyID? = nil, to other: PartyID?) -> [(String, String)] {
        let sender = sender ?? id
        let own = [(OCPIHeader.fromCountry, sender.country), (OCPIHeader.fromParty, sender.party)]
        return own + (other.map { [(OCPIHeader.toCountry, $0.country), (OCPIHeader.toParty, $0.party)] } ?? [])
    }

    /// The headers of a request to another party.
    /// - Parameter sender: which of the platform's parties; nil for the first one.
    package func headers(
        from sender: PartyID? = nil, to other: PartyID, requestID: String, correlationID: String
    ) -> [(String, String)] {
        [(OCPIHeader.authorization, authorization), (OCPIHeader.requestID, requestID), (OCPIHeader.correlationID, correlationID)]
            + route(from: sender, to: other)
    }

    /// Calls a configuration module of the hub.
    private func configure(
        _ method: OCPI.Method, _ url: String, body: JSONValue? = nil, token: Token? = nil
    ) async throws(CallFailure) -> CallAnswer {
        var request = CallRequest(method, url, body: body?.encoded()).identified()
        if let token = token ?? tokenC {
            request.headers.add(name: OCPIHeader.authorization, value: token.authorization(encoding: .base64))
        }
        if body != nil { request.headers.add(name: "Content-Type", value: "application/json") }
        return try await caller.call(request, within: limit)
    }

    private func keeping(_ answer: CallAnswer) -> CallAnswer {
        if answer.code == 1000, let token = answer.data?["token"]?.string { registration.withLock { $0.tokenC = Token(token) } }
        return answer
    }

    /// `data` of a successful answer of the hub.
    private func data(of answer: CallAnswer, _ complaint: String) throws(HandshakeFailure) -> JSONValue {
        guard answer.status == 200, answer.code == 1000, let data = answer.data else { throw failure(complaint, answer) }
        return data
    }

    private func failure(_ complaint: String, _ answer: CallAnswer) -> HandshakeFailure {
        HandshakeFailure("\(id) \(complaint): \(answer.summary)")
    }
}
