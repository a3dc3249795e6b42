import Encoding
import Notary
import OCPI
import Outbound

/// The key and the secrets in this project's example files. They are public, so they are accepted only for a node that is not reachable
/// from other machines.
enum ExampleSecrets {
    /// `node.key` of `Config/node.yaml`.
    static let key = "7f2797a1a866312ce20f7811fd24ccdb001786b035b516399c848eabfb9d992e"
    /// `node.secret` and `node.admin_key` of `Config/node.yaml`, the latter in the README as well.
    static let text = "change-me-before-production"

    /// The command that makes another key.
    static let freshKey = "openssl rand -hex 32"
    /// The command that makes another secret.
    static let freshText = "openssl rand -base64 32"

    /// Whether it is the public example key.
    static func contains(_ key: SigningKey) -> Bool { SigningKey(hex: self.key)?.address == key.address }

    /// Whether it is the public example admin key.
    static func contains(_ token: Token) -> Bool { contains(token.raw) }

    /// Whether it is the public example secret, in any spelling.
    static func contains(_ secret: String) -> Bool { secret.trimmed.lowercased() == text }
}
