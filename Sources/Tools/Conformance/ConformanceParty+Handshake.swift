import Encoding
import OCPI
import TestParties

// How a party connects to this hub and leaves.
extension ConformanceParty {
    /// Its credentials object.
    var credentials: JSONValue { party.credentials }
    /// The `data` of its versions endpoint.
    var versionList: JSONValue { party.versionList }

    /// The `data` of its version details.
    func versionDetails(_ version: OCPIVersion, _ interfaces: [Interface]? = nil) -> JSONValue { party.versionDetails(version, interfaces) }

    /// Registers: token A, versions, details, POST credentials.
    func register() async throws {
        let tokenA = try await hub.invite(ids)
        try await discover(with: tokenA)
        try await postCredentials(with: tokenA).expect(code: 1000)
    }

    /// Reads the hub's versions and the details of the version under test, and stores its endpoints.
    /// - Returns: `data` of the details.
    @discardableResult
    func discover(with token: Token? = nil) async throws -> JSONValue {
        try await party.discover(hub.versionsURL, hub.version, with: token)
    }

    /// The URL of the details of a version, from the hub's versions.
    func detailsURL(of version: OCPIVersion, with token: Token? = nil) async throws -> String {
        try await party.detailsURL(of: version, at: hub.versionsURL, with: token)
    }

    /// POST credentials; stores token C from the answer.
    /// - Parameter credentials: nil for its own.
    func postCredentials(with tokenA: Token, _ credentials: JSONValue? = nil) async throws -> CallAnswer {
        try await party.postCredentials(with: tokenA, credentials)
    }

    /// PUT credentials; stores the new token C from the answer.
    func putCredentials(_ credentials: JSONValue? = nil, at url: String? = nil) async throws -> CallAnswer {
        try await party.putCredentials(credentials, at: url)
    }

    /// Unregisters from the hub if it is registered, whatever the hub answers.
    func leave() async { await party.leave() }
}
