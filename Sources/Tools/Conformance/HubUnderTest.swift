import Encoding
import NIOCore
import NIOHTTP1
package import OCPI

/// The hub under test, and how to get registration tokens.
package struct HubUnderTest: Sendable {
    /// Its versions endpoint.
    package var versionsURL: String
    /// The admin API that issues registration tokens (token A); nil if `tokensA` has them.
    package var admin: Admin?
    /// Registration tokens from the hub's operator, by party.
    package var tokensA: [PartyID: Token] = [:]
    /// The hub's own party.
    package var party: PartyID
    /// The OCPI version to use.
    package var version: OCPIVersion
    /// The hub's timeout for a party's answer, after which it answers 4002.
    package var timeout: Duration

    /// The admin API of a hub of this project: `POST /admin/generate-registration-token`.
    package struct Admin: Sendable {
        let url: String
        let key: Token

        /// - Parameters:
        ///   - url: base of the private listener.
        ///   - key: the operator's key.
        package init(url: String, key: Token) {
            self.url = URLJoin.trimmed(url)
            self.key = key
        }
    }

    /// - Parameters:
    ///   - url: the versions endpoint, or its prefix before `/ocpi/versions`.
    ///   - timeout: the hub's timeout for a party's answer.
    package init(
        url: String, admin: Admin? = nil, tokensA: [PartyID: Token] = [:], party: PartyID, version: OCPIVersion = .v2_2_1,
        timeout: Duration
    ) {
        let url = URLJoin.trimmed(url)
        versionsURL = url.hasSuffix("/versions") ? url : url + "/ocpi/versions"
        self.admin = admin
        self.tokensA = tokensA
        self.party = party
        self.version = version
        self.timeout = timeout
    }

    /// The timeout of a call to the hub.
    var maximumWait: Duration { timeout + .seconds(15) }

    /// A token A for these parties.
    /// - Throws: `Skipped` if there is no source for one; `HTTPCallFailure` if the hub refuses.
    func invite(_ parties: [PartyID]) async throws -> Token {
        if let first = parties.first, let given = tokensA[first] { return given }
        if admin == nil { throw Skipped("needs the hub's admin API or a token A for \(parties.first ?? party)") }
        let body = JSONValue.array(
            parties.map { ["country_code": .string($0.country), "party_id": .string($0.party)] })
        let reply = try await ask(.post, "/admin/generate-registration-token", body: body)
        guard reply.status == 200, let token = reply.json?["token"]?.string else {
            let reason = reply.json?["error"]?.string ?? "HTTP \(reply.status)"
            throw HTTPCallFailure(description: "no token A for \(parties.map(\.description).joined(separator: ", ")): \(reason)")
        }
        return Token(token)
    }

    /// Calls the admin API.
    /// - Throws: `Skipped` if it is not known.
    func ask(_ method: OCPI.Method, _ path: String, body: JSONValue? = nil) async throws -> Reply {
        guard let admin else { throw Skipped("needs the hub's admin API") }
        var headers = HTTPHeaders([(OCPIHeader.authorization, "Token \(admin.key.raw)")])
        if body != nil { headers.add(name: "Content-Type", value: "application/json") }
        return try await HTTPCall.send(method, admin.url + path, headers: headers, body: body?.encoded(), maximumWait: maximumWait)
    }
}
