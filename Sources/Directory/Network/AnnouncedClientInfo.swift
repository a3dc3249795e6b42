import HashTreeCollections
package import OCPI

/// The ClientInfo of a party that was last sent to platforms and other nodes.
struct AnnouncedClientInfo: Sendable, Equatable {
    let info: ClientInfo
}

// MARK: - In ocn.state

extension FactKey {
    /// The key of the ClientInfo that was last announced for a party and role.
    package static func announced(_ party: PartyID, role: String) -> String { AnnouncedClientInfo.key(party, role: role) }
}

extension Fact {
    /// The ClientInfo that was last announced for a party.
    package static func announced(_ info: ClientInfo) -> Fact { Fact(AnnouncedClientInfo(info: info)) }
}

extension AnnouncedClientInfo: ClientInfoFact {
    static let kind = "announced"
    static var table: WritableKeyPath<DirectoryState, TreeDictionary<ClientInfoName, Self>> { \.network.announcedClientInfos }
}
