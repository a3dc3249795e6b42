package import Encoding
package import OCPI

/// What the hub says about itself in every Credentials object it gives away (OCPI 2.2.1, 7.3.1): the HUB role and nothing else.
package struct HubCredentials: Sendable {
    private let publicURL: String
    private let party: PartyID
    private let name: String

    /// - Parameters:
    ///   - publicURL: base of the hub's URLs; one slash at the end is dropped.
    ///   - party: the hub's own party.
    ///   - name: for `business_details`.
    package init(publicURL: String, party: PartyID, name: String) {
        self.publicURL = URLJoin.trimmed(publicURL)
        self.party = party
        self.name = name
    }

    /// The object for one platform.
    /// - Parameter token: what that platform is to call the hub with.
    package func object(_ token: Token) -> JSONValue {
        [
            "token": .string(token.raw), "url": .string(publicURL + Route.versions.path),
            "roles": [
                [
                    "role": "HUB", "business_details": ["name": .string(name)], "party_id": .string(party.party),
                    "country_code": .string(party.country),
                ]
            ],
        ]
    }
}
