import Encoding

/// The identity that all processes of one node share, as the first of them wrote it into `ocn.state`.
package struct NodeIdentity: Sendable, Equatable {
    /// Address of `node.key`, lower case with 0x.
    package var operatorAddress: String
    /// Fingerprint of `node.secret`.
    package var secret: String

    /// - Parameter operatorAddress: stored in lower case.
    package init(operatorAddress: String, secret: String) {
        self.operatorAddress = operatorAddress.lowercased()
        self.secret = secret
    }
}

// MARK: - In ocn.state

extension FactKey {
    /// The key of the node's identity.
    package static let identity = NodeIdentity.kind
}

extension Fact {
    /// The identity that all processes of this node share.
    package static func identity(_ identity: NodeIdentity) -> Fact { Fact(identity) }
}

extension NodeIdentity: StateFact {
    static let kind = "identity"
    var key: String { FactKey.identity }

    var json: JSONValue { ["operator": .string(operatorAddress), "secret": .string(secret)] }

    init?(json: JSONValue) {
        guard let address = json["operator"]?.string, let secret = json["secret"]?.string else { return nil }
        self.init(operatorAddress: address, secret: secret)
    }

    func add(to state: inout DirectoryState) { state.operations.identity = self }
    func remove(from state: inout DirectoryState) { state.operations.identity = nil }
}
