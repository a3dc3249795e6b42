package import OCPI

extension Directory {
    /// On whose account goes what a party takes of what is shared: the platform's that serves it here, or else its node's. A platform has
    /// many parties and a node any number, so nothing is gained by sending for another one.
    package func account(of party: PartyID) -> String {
        if let platform = platform(of: party) { return "platform/\(platform.id)" }
        if let node = node(of: party) { return "node/\(node.operatorAddress.lowercased())" }
        return "party/\(party)".uppercased()
    }
}
