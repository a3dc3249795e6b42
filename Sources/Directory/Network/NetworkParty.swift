import Encoding
import HashTreeCollections
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
    /// The registry source that lists it.
    package var source: String

    /// - Parameters:
    ///   - partyAddress: stored in lower case.
    ///   - operatorAddress: stored in lower case.
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

// MARK: - In ocn.state

extension FactKey {
    /// The key of a party of the network.
    package static func party(_ party: PartyID) -> String { "\(NetworkParty.kind)/\(party.canonical)" }
}

extension Fact {
    /// A party of the network.
    package static func party(_ party: NetworkParty) -> Fact { Fact(party) }
}

extension NetworkParty: TableFact {
    static let kind = "party"
    static var table: WritableKeyPath<DirectoryState, TreeDictionary<PartyID, Self>> { \.network.partiesByID }
    var indexKey: PartyID { party }
    var key: String { FactKey.party(party) }

    var json: JSONValue {
        .object([
            "party": .string(party.description), "roles": .array(roles.map(JSONValue.string)),
            "address": partyAddress.map(JSONValue.string), "operator": .string(operatorAddress), "source": .string(source),
        ])
    }

    init?(json: JSONValue) {
        guard let party = json.party("party"), let operatorAddress = json["operator"]?.string else { return nil }
        self.init(
            party: party, roles: json.strings("roles"), partyAddress: json["address"]?.string, operatorAddress: operatorAddress,
            source: json["source"]?.string ?? "")
    }
}
