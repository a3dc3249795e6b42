package import Encoding
package import OCPI

/// The hub's own Credentials object (OCPI 2.2.1, 7.3.1), with the HUB role only.
package struct HubCredentials: Sendable {
    private let publicURL: String
    private let party: PartyID
    private let name: String

    /// - Parameters:
    ///   - publicURL: the base of the hub's URLs; a trailing slash is dropped.
    ///   - party: the hub's own party.
    ///   - name: the name in `business_details`.
    package init(publicURL: String, party: PartyID, name: String) {
        self.publicURL = URLJoin.trimmed(publicURL)
        self.party = party
        self.name = name
    }

    /// The object for one platform.
    /// - Parameter token: the token with which that platform is to call the hub.
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
