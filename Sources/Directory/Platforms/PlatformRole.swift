package import Encoding
package import OCPI

/// One party that a platform acts for (OCPI 2.2.1, 7.4.2 CredentialsRole).
package struct PlatformRole: Sendable, Equatable {
    /// `CPO`, `EMSP`, …; open.
    package var role: String
    /// The party.
    package var party: PartyID
    /// `business_details` as the party sent it.
    package var businessDetails: JSONValue?

    /// - Parameters: as the properties say.
    package init(role: String, party: PartyID, businessDetails: JSONValue? = nil) {
        self.role = role
        self.party = party
        self.businessDetails = businessDetails
    }
}
