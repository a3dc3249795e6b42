import Encoding
import HashTreeCollections

/// A node of the Open Charging Network, as the registry lists it.
package struct NetworkNode: Sendable, Equatable {
    /// Ethereum address of its operator, lower case with 0x.
    package var operatorAddress: String
    /// Public base URL.
    package var url: String
    /// The message dialect: `ocn-1`.
    package var dialect: String
    /// Whether it verifies the bytes it received, as this program does, so that bodies are sent unchanged. The reference node verifies its
    /// own serialisation of the parsed body: bodies to it are serialised in the same way.
    package var isVerbatim: Bool
    /// The registry source that lists it.
    package var source: String

    /// - Parameter operatorAddress: stored in lower case.
    package init(operatorAddress: String, url: String, dialect: String = "ocn-1", isVerbatim: Bool = false, source: String) {
        self.operatorAddress = operatorAddress.lowercased()
        self.url = url
        self.dialect = dialect
        self.isVerbatim = isVerbatim
        self.source = source
    }
}

// MARK: - In ocn.state

extension FactKey {
    /// The key of a node, by its operator's address.
    package static func node(_ operatorAddress: String) -> String { "\(NetworkNode.kind)/\(operatorAddress.lowercased())" }
}

extension Fact {
    /// A node of the network.
    package static func node(_ node: NetworkNode) -> Fact { Fact(node) }
}

extension NetworkNode: TableFact {
    static let kind = "node"
    static var table: WritableKeyPath<DirectoryState, TreeDictionary<String, Self>> { \.network.nodesByOperator }
    var indexKey: String { operatorAddress }
    var key: String { FactKey.node(operatorAddress) }

    var json: JSONValue {
        [
            "operator": .string(operatorAddress), "url": .string(url), "dialect": .string(dialect), "verbatim": .bool(isVerbatim),
            "source": .string(source),
        ]
    }

    init?(json: JSONValue) {
        guard let address = json["operator"]?.string, let url = json["url"]?.string else { return nil }
        self.init(
            operatorAddress: address, url: url, dialect: json["dialect"]?.string ?? "ocn-1", isVerbatim: json["verbatim"]?.bool ?? false,
            source: json["source"]?.string ?? "")
    }
}
