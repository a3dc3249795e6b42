package import OCPI

/// The identity of a party.
package struct PartyProfile: Sendable {
    /// OCPI party id.
    package let id: PartyID
    /// Business name.
    package let name: String
    /// Its role in the scenario.
    package let part: PartyPart

    package init(id: PartyID, name: String, part: PartyPart) {
        self.id = id
        self.name = name
        self.part = part
    }
}
