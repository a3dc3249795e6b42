import HashTreeCollections
package import OCPI

/// The client info of a party that is not connected here: announced by its node, or left by a removed platform.
struct ToldClientInfo: Sendable, Equatable {
    let info: ClientInfo
}

// MARK: - In ocn.state

extension FactKey {
    /// The key of the client info of a party that is not connected here.
    package static func clientInfo(_ party: PartyID, role: String) -> String { ToldClientInfo.key(party, role: role) }
}

extension Fact {
    /// The client info of a party that is not connected here.
    package static func clientInfo(_ info: ClientInfo) -> Fact { Fact(ToldClientInfo(info: info)) }
}

extension ToldClientInfo: ClientInfoFact {
    static let kind = "clientinfo"
    static var table: WritableKeyPath<DirectoryState, TreeDictionary<ClientInfoName, Self>> { \.network.toldClientInfos }
}
