package import OCPI

extension Directory {
    /// The account under which a party's use of shared limits is counted: the platform that serves it here, or else its node. A platform or
    /// a node may have many parties, so counting by party would let it exceed a limit.
    package func account(of party: PartyID) -> String {
        if let platform = platform(of: party) { return "platform/\(platform.id)" }
        if let node = node(of: party) { return "node/\(node.operatorAddress.lowercased())" }
        return "party/\(party)".uppercased()
    }
}
