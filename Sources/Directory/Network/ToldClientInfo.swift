import Encoding
import HashTreeCollections
package import OCPI

/// The client info of a party that is not connected here: announced by its node, or left by a removed platform.
struct ToldClientInfo: Sendable, Equatable {
    let info: ClientInfo
}

// MARK: - In ocn.state

extension FactKey {
    /// The key of the client info of a party that is not connected here.
    package static func clientInfo(_ party: PartyID, role: String) -> String { "\(ToldClientInfo.kind)/\(party.canonical)/\(role)" }
}

extension Fact {
    /// The client info of a party that is not connected here.
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
