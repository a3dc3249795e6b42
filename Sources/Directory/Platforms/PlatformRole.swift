package import Encoding
package import OCPI

/// One party that a platform acts for (OCPI 2.2.1, 7.4.2 CredentialsRole).
package struct PlatformRole: Sendable, Equatable {
    /// `CPO`, `EMSP`, …; other values are allowed.
    package var role: String
    /// The party.
    package var party: PartyID
    /// `business_details` as the party sent it.
    package var businessDetails: JSONValue?

    package init(role: String, party: PartyID, businessDetails: JSONValue? = nil) {
        self.role = role
        self.party = party
        self.businessDetails = businessDetails
    }
}

extension PlatformRole {
    /// As in a Credentials object (OCPI 2.2.1, 7.4.2).
    package var json: JSONValue {
        .object([
            "role": .string(role), "business_details": businessDetails, "party_id": .string(party.party),
            "country_code": .string(party.country),
        ])
    }

    /// - Parameter json: one entry of a Credentials object's `roles`; nil is returned if a required member is missing.
    package init?(json: JSONValue) {
        guard let role = json["role"]?.string, let country = json["country_code"]?.string, let id = json["party_id"]?.string,
            let party = PartyID(country: country, party: id)
        else { return nil }
        self.init(role: role, party: party, businessDetails: json["business_details"])
    }
}
