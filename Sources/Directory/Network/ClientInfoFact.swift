import Encoding
import OCPI

/// A kind of fact that is the ClientInfo of a party and role.
protocol ClientInfoFact: TableFact where IndexKey == ClientInfoName {
    var info: ClientInfo { get }
    init(info: ClientInfo)
}

extension ClientInfoFact {
    var indexKey: ClientInfoName { info.name }
    var key: String { Self.key(info.party, role: info.role) }
    var json: JSONValue { info.json }

    init?(json: JSONValue) {
        guard let info = ClientInfo(json: json) else { return nil }
        self.init(info: info)
    }

    func bounded(by latest: Timestamp, written: Timestamp) -> Self? {
        guard info.lastUpdated > latest else { return nil }
        return Self(info: ClientInfo(party: info.party, role: info.role, status: info.status, lastUpdated: latest))
    }

    /// The record's key of a party and role.
    static func key(_ party: PartyID, role: String) -> String { "\(kind)/\(party.canonical)/\(role)" }
}
