import Encoding
import Kafka
import OCPI

/// The point at which a request entered the network.
package enum RequestOrigin: Sendable, Equatable {
    /// From a party that is connected to this node.
    case local
    /// From this node itself, on behalf of the sending party; such requests are not copied.
    case hub
    /// From another node, at this address; the sender's own node makes the copies.
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
