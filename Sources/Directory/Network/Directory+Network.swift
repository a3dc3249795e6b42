import HashTreeCollections
package import OCPI

// The network's nodes, parties, services and agreements.
extension Directory {
    /// A party as the registry lists it.
    package func networkParty(_ party: PartyID) -> NetworkParty? { snapshot.state.network.partiesByID[party] }

    /// Whether the registry lists a party in one of the roles that is not connected to this node. O(parties).
    package func listsParty(in roles: Set<String>) -> Bool {
        snapshot.state.network.partiesByID.values.contains { !roles.isDisjoint(with: $0.roles) && platform(of: $0.party) == nil }
    }

    /// All parties of the network. O(parties).
    package var parties: [NetworkParty] { snapshot.state.network.partiesByID.values.sorted { $0.party < $1.party } }

    /// The node a party is connected to, as the registry lists it.
    package func node(of party: PartyID) -> NetworkNode? {
        networkParty(party).flatMap { snapshot.state.network.nodesByOperator[$0.operatorAddress] }
    }

    /// The node of an operator.
    package func node(operator address: String) -> NetworkNode? { snapshot.state.network.nodesByOperator[address.lowercased()] }

    /// All nodes, by operator address. O(nodes).
    package var nodes: [NetworkNode] { snapshot.state.network.nodesByOperator.values.sorted { $0.operatorAddress < $1.operatorAddress } }

    // MARK: Services and agreements

    /// The service a party offers.
    package func service(_ provider: PartyID) -> NetworkService? { snapshot.state.network.servicesByProvider[provider] }

    /// All services. O(services).
    package var services: [NetworkService] { snapshot.state.network.servicesByProvider.values.sorted { $0.provider < $1.provider } }

    /// The services a user agreed to, in the order of their providers. O(agreements of the user).
    package func services(agreedBy user: PartyID) -> [NetworkService] {
        guard let providers = snapshot.state.network.agreements[user] else { return [] }
        return providers.keys.sorted().compactMap(service)
    }

    /// Whether the user's agreement with the provider is in force.
    package func hasAgreement(user: PartyID, provider: PartyID) -> Bool { snapshot.state.network.agreements[user]?[provider] != nil }

    /// All agreements in force. O(agreements).
    package var agreements: [Agreement] {
        snapshot.state.network.agreements.values.flatMap(\.values).sorted { ($0.user, $0.provider) < ($1.user, $1.provider) }
    }

    // MARK: Client infos

    /// The known client infos of parties that are not connected here.
    package var toldClientInfos: [ClientInfo] { snapshot.state.network.toldClientInfos.values.map(\.info).byPartyAndRole }

    /// The known client info of one party in one role, if it is not connected here.
    package func toldClientInfo(_ party: PartyID, role: String) -> ClientInfo? {
        snapshot.state.network.toldClientInfos[ClientInfoName(party: party, role: role)]?.info
    }

    /// The client info that was last announced for a party and role.
    package func announced(_ party: PartyID, role: String) -> ClientInfo? {
        snapshot.state.network.announcedClientInfos[ClientInfoName(party: party, role: role)]?.info
    }

    /// All client infos that were last announced, by party and role.
    package var announcedClientInfos: [ClientInfo] { snapshot.state.network.announcedClientInfos.values.map(\.info).byPartyAndRole }
}

extension [ClientInfo] {
    fileprivate var byPartyAndRole: [ClientInfo] { sorted { ($0.party, $0.role) < ($1.party, $1.role) } }
}
