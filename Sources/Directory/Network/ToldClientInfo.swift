import Encoding
import HashTreeCollections
package import OCPI

/// How a party stands that is not served here: told by its node, or left behind by a platform that has gone.
struct ToldClientInfo: Sendable, Equatable {
    let info: ClientInfo
}

// MARK: - In ocn.state

extension FactKey {
    /// How a party stands that is not served here.
    package static func clientInfo(_ party: PartyID, role: String) -> String { "\(ToldClientInfo.kind)/\(party.canonical)/\(role)" }
}

extension Fact {
    /// How a party stands that is not served here: told by its node, or left behind by a platform that has gone.
    package static func clientInfo(_ info: ClientInfo) -> Fact { Fact(ToldClientInfo(info: info)) }
}

extension ToldClientInfo: TableFact {
    static let kind = "clientinfo"
    static var table: WritableKeyPath<DirectoryState, TreeDictionary<ClientInfoName, Self>> { \.network.toldClientInfos }
    var indexKey: ClientInfoName { info.name }
    var key: String { FactKey.clientInfo(info.party, role: info.role) }

    var json: JSONValue { info.json }

    init?(json: JSONValue) {
        guard let info = ClientInfo(json: json) else { return nil }
        self.init(info: info)
    }

    func bounded(by latest: Timestamp, written: Timestamp) -> Self? {
        guard info.lastUpdated > latest else { return nil }
        return ToldClientInfo(info: ClientInfo(party: info.party, role: info.role, status: info.status, lastUpdated: latest))
    }
}
