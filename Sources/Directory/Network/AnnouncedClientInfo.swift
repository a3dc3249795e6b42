import Encoding
import HashTreeCollections
package import OCPI

/// The ClientInfo of a party that was last sent to platforms and other nodes.
struct AnnouncedClientInfo: Sendable, Equatable {
    let info: ClientInfo
}

// MARK: - In ocn.state

extension FactKey {
    /// The key of the ClientInfo that was last announced for a party and role.
    package static func announced(_ party: PartyID, role: String) -> String { "\(AnnouncedClientInfo.kind)/\(party.canonical)/\(role)" }
}

extension Fact {
    /// The ClientInfo that was last announced for a party.
    package static func announced(_ info: ClientInfo) -> Fact { Fact(AnnouncedClientInfo(info: info)) }
}

extension AnnouncedClientInfo: TableFact {
    static let kind = "announced"
    static var table: WritableKeyPath<DirectoryState, TreeDictionary<ClientInfoName, Self>> { \.network.announcedClientInfos }
    var indexKey: ClientInfoName { info.name }
    var key: String { FactKey.announced(info.party, role: info.role) }

    var json: JSONValue { info.json }

    init?(json: JSONValue) {
        guard let info = ClientInfo(json: json) else { return nil }
        self.init(info: info)
    }

    func bounded(by latest: Timestamp, written: Timestamp) -> Self? {
        guard info.lastUpdated > latest else { return nil }
        return AnnouncedClientInfo(info: ClientInfo(party: info.party, role: info.role, status: info.status, lastUpdated: latest))
    }
}
