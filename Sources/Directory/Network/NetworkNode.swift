import Encoding
import HashTreeCollections

/// A node of the Open Charging Network, as the registry lists it.
package struct NetworkNode: Sendable, Equatable {
    /// Ethereum address of its operator, lower case with 0x.
    package var operatorAddress: String
    /// Public base URL.
    package var url: String
    /// How to talk to it: `ocn-1`.
    package var dialect: String
    /// It verifies the bytes it received, as this program does, so bodies go to it untouched. The reference node instead verifies its
    /// own serialisation of what it parsed: bodies to it are written the way it would write them.
    package var isVerbatim: Bool
    /// The registry source that said so.
    package var source: String

    /// - Parameters: as the properties say; the address is lower-cased.
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
    /// A node, by its operator's address.
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
