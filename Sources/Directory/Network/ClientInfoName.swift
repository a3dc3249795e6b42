import OCPI

/// What a ClientInfo is about.
struct ClientInfoName: Hashable, Sendable {
    let party: PartyID
    let role: String
}
