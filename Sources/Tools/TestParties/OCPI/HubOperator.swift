package import Encoding
import NIOHTTP1
package import OCPI

/// The operator of a node, who uses its admin API.
package struct HubOperator: Sendable {
    /// The data that a platform needs to register.
    package struct Invitation: Sendable {
        /// Valid for one registration.
        package let tokenA: Token
        /// The hub's versions endpoint.
        package let versionsURL: String
    }

    /// Base URL of the private listener.
    package let url: String
    private let key: Token

    /// - Parameters:
    ///   - url: base URL of the private listener.
    ///   - key: the admin token.
    package init(url: String, key: Token) {
        self.url = URLJoin.trimmed(url)
        self.key = key
    }

    /// Calls the admin API.
    package func ask(
        _ method: OCPI.Method, _ path: String, body: JSONValue? = nil, through caller: PartyCaller, within limit: Duration = .seconds(20)
    ) async throws(CallFailure) -> CallAnswer {
        try await caller.call(
            method, url + path, headers: [(OCPIHeader.authorization, key.authorization(encoding: .plain))], body: body?.encoded(),
            within: limit)
    }

    /// Requests a registration token for one platform with these parties.
    /// - Throws: ``HandshakeFailure`` if the hub refuses.
    package func invite(_ parties: [PartyID], through caller: PartyCaller, within limit: Duration = .seconds(20)) async throws -> Invitation
    {
        let body = JSONValue.array(parties.map { ["party_id": .string($0.party), "country_code": .string($0.country)] })
        let answer = try await ask(.post, "/admin/generate-registration-token", body: body, through: caller, within: limit)
        guard answer.status == 200, let token = answer.body.jsonString(["token"]), let versions = answer.body.jsonString(["versions"])
        else {
            let names = parties.map(\.description).joined(separator: ", ")
            let reason = answer.body.jsonString(["error"]) ?? answer.summary
            throw HandshakeFailure("\(names) was not invited by \(url): \(reason)")
        }
        return Invitation(tokenA: Token(token), versionsURL: versions)
    }
}
