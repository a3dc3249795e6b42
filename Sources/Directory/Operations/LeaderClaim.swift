import Encoding

/// A process's claim to be the leader. It acts only while its claim is the newest.
package struct LeaderClaim: Sendable, Equatable {
    /// The process's name.
    package var instance: String
    /// A random value per claim.
    package var claim: String

    package init(instance: String, claim: String) {
        self.instance = instance
        self.claim = claim
    }
}

// MARK: - In ocn.state

extension FactKey {
    /// The key of the leader's claim.
    package static let leader = LeaderClaim.kind
}

extension Fact {
    /// The claim of the leader.
    package static func leader(_ claim: LeaderClaim) -> Fact { Fact(claim) }
}

extension LeaderClaim: StateFact {
    static let kind = "leader"
    var key: String { FactKey.leader }

    var json: JSONValue { ["instance": .string(instance), "claim": .string(claim)] }

    init?(json: JSONValue) {
        guard let instance = json["instance"]?.string, let claim = json["claim"]?.string else { return nil }
        self.init(instance: instance, claim: claim)
    }

    func add(to state: inout DirectoryState) { state.operations.leader = self }
    func remove(from state: inout DirectoryState) { state.operations.leader = nil }
}
