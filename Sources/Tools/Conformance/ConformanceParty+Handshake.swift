import Encoding
import OCPI
import Synchronization

// How a party connects and leaves (OCPI 2.2.1, 7).
extension ConformanceParty {
    /// Registers: token A, versions, details, POST credentials.
    func register() async throws {
        let tokenA = try await hub.invite(ids)
        try await discover(with: tokenA)
        let reply = try await postCredentials(with: tokenA)
        try reply.expect(code: 1000)
    }

    /// Reads the hub's versions and the details of the version under test, and stores its endpoints.
    /// - Returns: `data` of the details.
    @discardableResult
    func discover(with token: Token? = nil) async throws -> JSONValue {
        let details = try await configure(.get, try await detailsURL(of: hub.version, with: token), token: token).expect(code: 1000)
        let data = try require(details.data, "version details have no data")
        var endpoints: [Interface: String] = [:]
        var credentialsURL: String?
        for endpoint in data["endpoints"]?.array ?? [] {
            guard let module = endpoint["identifier"]?.string, let url = endpoint["url"]?.string else { continue }
            // The role of a credentials endpoint has no meaning.
            if module == "credentials" { credentialsURL = url }
            guard let role = endpoint["role"]?.string.flatMap(InterfaceRole.init(rawValue:)) else { continue }
            endpoints[Interface(ModuleID(rawValue: module), role)] = url
        }
        state.withLock { state in
            state.endpoints = endpoints
            state.credentialsURL = credentialsURL
        }
        return data
    }

    /// The URL of the details of a version, from the hub's versions.
    func detailsURL(of version: OCPIVersion, with token: Token? = nil) async throws -> String {
        let versions = try await configure(.get, hub.versionsURL, token: token).expect(code: 1000)
        let entry = versions.data?.array?.first { $0["version"]?.string == version.rawValue }
        return try require(entry?["url"]?.string, "the hub offers no version \(version.rawValue)")
    }

    /// POST credentials; stores token C from the answer.
    /// - Parameter credentials: nil for its own.
    func postCredentials(with tokenA: Token, _ credentials: JSONValue? = nil) async throws -> Reply {
        keeping(try await configure(.post, try credentialsURL(), body: credentials ?? self.credentials, token: tokenA))
    }

    /// PUT credentials; stores the new token C from the answer.
    func putCredentials(_ credentials: JSONValue? = nil, at url: String? = nil) async throws -> Reply {
        let url = try url ?? credentialsURL()
        return keeping(try await configure(.put, url, body: credentials ?? self.credentials))
    }

    /// Unregisters from the hub if it is registered, whatever the hub answers.
    func leave() async {
        guard tokenC != nil, let url = try? credentialsURL() else { return }
        _ = try? await configure(.delete, url)
        state.withLock { $0.tokenC = nil }
    }

    private func keeping(_ reply: Reply) -> Reply {
        if reply.code == 1000, let token = reply.data?["token"]?.string { state.withLock { $0.tokenC = Token(token) } }
        return reply
    }
}
