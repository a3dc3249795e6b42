import OCPI

/// The party and role of a ClientInfo.
struct ClientInfoName: Hashable, Sendable {
    let party: PartyID
    let role: String
}
