import Encoding
package import OCPI
import TestParties

/// The hub that is tried, and how to be let in.
package struct HubUnderTest: Sendable {
    /// Its versions endpoint.
    package var versionsURL: String
    /// Where to get registration tokens (token A) from; nil if `tokensA` has them.
    package var admin: Admin?
    /// Registration tokens that the hub's operator gave, by party.
    package var tokensA: [PartyID: Token] = [:]
    /// The hub's own party.
    package var party: PartyID
    /// The version to speak with it.
    package var version: OCPIVersion
    /// How long it waits for a party's answer before it says 4002.
    package var timeout: Duration

    /// The operator's side of a hub of this project: `POST /admin/generate-registration-token`.
    package struct Admin: Sendable {
        let api: HubOperator

        /// - Parameters:
        ///   - url: base of the private listener.
        ///   - key: of the operator.
        package init(url: String, key: Token) {
            api = HubOperator(url: url, key: key)
        }
    }

    /// - Parameters:
    ///   - url: of the versions endpoint, or what stands before `/ocpi/versions`.
    ///   - timeout: how long the hub waits for a party.
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

    /// How long a call to the hub may take.
    var maximumWait: Duration { timeout + .seconds(15) }

    /// Lives as long as the program.
    static let caller = PartyCaller()

    /// A token A for these parties.
    /// - Throws: `Skipped` if there is no way to get one; `HandshakeFailure` if the hub refuses.
    func invite(_ parties: [PartyID]) async throws -> Token {
        if let first = parties.first, let given = tokensA[first] { return given }
        guard let admin else { throw Skipped("needs the hub's admin API or a token A for \(parties.first ?? party)") }
        return try await admin.api.invite(parties, through: Self.caller, within: maximumWait).tokenA
    }

    /// A call to the operator's side.
    /// - Throws: `Skipped` if it is not known.
    func ask(_ method: OCPI.Method, _ path: String, body: JSONValue? = nil) async throws -> CallAnswer {
        guard let admin else { throw Skipped("needs the hub's admin API") }
        return try await admin.api.ask(method, path, body: body, through: Self.caller, within: maximumWait)
    }
}
