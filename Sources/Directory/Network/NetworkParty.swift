import Encoding
package import OCPI

/// A party of the network, as the registry lists it.
package struct NetworkParty: Sendable, Equatable {
    /// Country code and party id.
    package var party: PartyID
    /// `CPO`, `EMSP`, …
    package var roles: [String]
    /// Its own Ethereum address, if known.
    package var partyAddress: String?
    /// Address of the operator whose node it is connected to.
    package var operatorAddress: String
    /// The registry source that said so.
    package var source: String

    /// - Parameters: as the properties say; addresses are lower-cased.
    package init(party: PartyID, roles: [String], partyAddress: String? = nil, operatorAddress: String, source: String) {
        self.party = party
        self.roles = roles
        self.partyAddress = partyAddress?.lowercased()
        self.operatorAddress = operatorAddress.lowercased()
        self.source = source
    }

    /// Whether a role is one of OCPI's, or one that the registry lists for this party.
    /// - Parameter role: in upper case.
    package func mayHave(role: String) -> Bool {
        PartyRole(rawValue: role) != nil || roles.contains { $0.uppercased() == role }
    }
}
