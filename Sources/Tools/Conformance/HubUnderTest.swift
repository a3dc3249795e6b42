import Encoding
package import OCPI
import TestParties

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
        let api: HubOperator

        /// - Parameters:
        ///   - url: base of the private listener.
        ///   - key: the operator's key.
        package init(url: String, key: Token) {
            api = HubOperator(url: url, key: key)
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

    /// Lives as long as the program.
    static let caller = PartyCaller()

    /// A token A for these parties.
    /// - Throws: `Skipped` if there is no source for one; `HandshakeFailure` if the hub refuses.
    func invite(_ parties: [PartyID]) async throws -> Token {
        if let first = parties.first, let given = tokensA[first] { return given }
        guard let admin else { throw Skipped("needs the hub's admin API or a token A for \(parties.first ?? party)") }
        return try await admin.api.invite(parties, through: Self.caller, within: maximumWait).tokenA
    }

    /// Calls the admin API.
    /// - Throws: `Skipped` if it is not known.
    func ask(_ method: OCPI.Method, _ path: String, body: JSONValue? = nil) async throws -> CallAnswer {
        guard let admin else { throw Skipped("needs the hub's admin API") }
        return try await admin.api.ask(method, path, body: body, through: Self.caller, within: maximumWait)
    }
}
