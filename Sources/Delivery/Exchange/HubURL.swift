import Directory
import Encoding
import Kafka
import OCPI

/// A hub URL that stands for a party's own URL.
enum HubURL {
    /// The URL contains its encrypted target.
    case sealed(String)
    /// The URL is valid once the link is stored.
    case link(url: String, capability: Capability, id: String)

    var url: String {
        switch self {
        case .sealed(let url), .link(let url, _, _): url
        }
    }

    /// - Parameters:
    ///   - prefix: the beginning of the URL.
    ///   - seal: encrypts a capability into at most the given number of characters; nil if it does not fit.
    ///   - newID: returns a fresh unguessable id.
    init(prefix: String, capability: Capability, seal: (Capability, Int) -> String?, newID: () -> String) {
        if let token = seal(capability, Rewrites.urlLimit - prefix.utf8.count) {
            self = .sealed(prefix + token)
        } else {
            let id = newID()
            self = .link(url: prefix + id, capability: capability, id: id)
        }
    }

    init(prefix: String, capability: Capability, from capabilities: Capabilities) {
        self.init(
            prefix: prefix, capability: capability, seal: { capabilities.seal($0, maxLength: $1) }, newID: Capabilities.newID)
    }
}
