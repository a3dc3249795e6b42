import Encoding

/// What makes processes those of one node, as the first of them wrote it into `ocn.state`.
package struct NodeIdentity: Sendable, Equatable {
    /// Address of `node.key`, lower case with 0x.
    package var operatorAddress: String
    /// Fingerprint of `node.secret`.
    package var secret: String

    /// - Parameters: as the properties say; the address is lower-cased.
    package init(operatorAddress: String, secret: String) {
        self.operatorAddress = operatorAddress.lowercased()
        self.secret = secret
    }
}

// MARK: - Form in Kafka

extension NodeIdentity {
    var json: JSONValue { ["operator": .string(operatorAddress), "secret": .string(secret)] }

    init?(json: JSONValue) {
        guard let address = json["operator"]?.string, let secret = json["secret"]?.string else { return nil }
        self.init(operatorAddress: address, secret: secret)
    }
}
