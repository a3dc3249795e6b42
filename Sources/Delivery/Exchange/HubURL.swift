import Directory
import Encoding
import Kafka
import OCPI

/// A URL of ours that stands for a party's own.
enum HubURL {
    /// Sealed: it carries its meaning.
    case sealed(String)
    /// It means something once the link is stored.
    case link(url: String, capability: Capability, id: String)

    var url: String {
        switch self {
        case .sealed(let url), .link(let url, _, _): url
        }
    }

    /// - Parameters:
    ///   - prefix: what the URL begins with.
    ///   - seal: seals a capability into at most so many characters, or says nil.
    ///   - newID: a fresh unguessable id.
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
