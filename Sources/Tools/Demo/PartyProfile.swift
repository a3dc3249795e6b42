package import OCPI

/// Who a mock party is.
package struct PartyProfile: Sendable {
    /// OCPI party id.
    package let id: PartyID
    /// Business name.
    package let name: String
    /// What it does.
    package let part: PartyPart

    /// - Parameters: as the properties say.
    package init(id: PartyID, name: String, part: PartyPart) {
        self.id = id
        self.name = name
        self.part = part
    }
}
