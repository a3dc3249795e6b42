import Notary
import OCPI
import Outbound

/// The key and the secrets that stand in this project's own files: everybody knows them, so they protect only a node that nobody else can
/// reach.
enum ExampleSecrets {
    /// `node.key` of `Config/node.yaml`.
    static let key = "7f2797a1a866312ce20f7811fd24ccdb001786b035b516399c848eabfb9d992e"
    /// `node.secret` and `node.admin_key` of `Config/node.yaml`, the latter in the README as well.
    static let text = "change-me-before-production"

    /// How to make another key.
    static let freshKey = "openssl rand -hex 32"
    /// How to make another secret.
    static let freshText = "openssl rand -base64 32"

    /// Whether this is the key that everybody knows.
    static func contains(_ key: SigningKey) -> Bool { SigningKey(hex: self.key)?.address == key.address }

    /// Whether this is the admin key that everybody knows.
    static func contains(_ token: Token) -> Bool { contains(token.raw) }

    /// Whether this is the secret that everybody knows, however it is written.
    static func contains(_ secret: String) -> Bool { secret.trimmed.lowercased() == text }
}

/// Whether nobody but this machine reaches something.
enum Loopback {
    /// A host to listen on or to connect to; a name other than `localhost` may mean anything.
    static func isHost(_ host: String) -> Bool {
        let name = host.trimmed.lowercased().drop { $0 == "[" }.prefix { $0 != "]" }
        return name == "localhost" || AddressPolicy.isLoopback(String(name))
    }

    /// An http or https URL.
    static func isURL(_ url: String) -> Bool {
        guard let origin = URLJoin.origin(of: url), let scheme = origin.firstRange(of: "://") else { return false }
        return isServer(String(origin[scheme.upperBound...]))
    }

    /// Kafka's brokers, separated by commas: all of them.
    static func areBrokers(_ brokers: String) -> Bool {
        brokers.split(separator: ",").allSatisfy { broker in
            let text = String(broker).trimmed
            return isServer(text.firstRange(of: "://").map { String(text[$0.upperBound...]) } ?? text)
        }
    }

    private static func isServer(_ authority: String) -> Bool { URLJoin.server(authority).map { isHost($0.host) } ?? false }
}
