import HashTreeCollections
import OCPI

/// The network by the registry and by other nodes' announcements: nodes, parties, services and agreements.
struct NetworkIndex: Sendable {
    static let kinds: [any StateFact.Type] = [
        NetworkNode.self, NetworkParty.self, NetworkService.self, Agreement.self, ToldClientInfo.self, AnnouncedClientInfo.self,
    ]

    var nodesByOperator: TreeDictionary<String, NetworkNode> = [:]
    var partiesByID: TreeDictionary<PartyID, NetworkParty> = [:]
    var servicesByProvider: TreeDictionary<PartyID, NetworkService> = [:]
    /// By user and provider.
    private(set) var agreements: TreeDictionary<PartyID, TreeDictionary<PartyID, Agreement>> = [:]
    var toldClientInfos: TreeDictionary<ClientInfoName, ToldClientInfo> = [:]
    var announcedClientInfos: TreeDictionary<ClientInfoName, AnnouncedClientInfo> = [:]

    mutating func add(_ agreement: Agreement) { agreements[agreement.user, default: [:]][agreement.provider] = agreement }

    mutating func remove(_ agreement: Agreement) {
        agreements[agreement.user]?[agreement.provider] = nil
        if agreements[agreement.user]?.isEmpty == true { agreements[agreement.user] = nil }
    }
}
