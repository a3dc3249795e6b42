import Encoding
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
