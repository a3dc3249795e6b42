import Encoding
import Kafka
import OCPI

/// Where a request entered the network.
package enum RequestOrigin: Sendable, Equatable {
    /// A party that is connected to this node.
    case local
    /// This node asks by itself, on behalf of the sending party; nothing is copied.
    case hub
    /// Another node, at this address; the sender's own node makes the copies.
    case node(String)

    init(text: String) {
        switch text {
        case RequestOrigin.local.text: self = .local
        case RequestOrigin.hub.text: self = .hub
        default: self = .node(text)
        }
    }

    var text: String {
        switch self {
        case .local: "local"
        case .hub: "hub"
        case .node(let address): address
        }
    }
}
