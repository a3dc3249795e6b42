import Crypto
import Encoding
package import OCPI

/// A token encrypted with the node's secret, as stored in Kafka.
package struct SealedSecret: Sendable, Equatable {
    /// Text form; safe to store and to show.
    package let text: String

    /// - Parameter text: a result of ``NodeSecrets/seal(_:)``.
    package init(text: String) {
        self.text = text
    }
}

/// Encrypts data that leaves this process (AES-256-GCM).
///
/// Each purpose has a key of its own, derived from the node's secret (HKDF-SHA256), and is authenticated with the data, so that a text
/// encrypted for one purpose cannot be used for another. An encrypted text names no key; all keys of this process are tried, which takes a
/// microsecond each.
///
/// All processes of a node share the secret; ``ProcessConsistency`` checks that. To change it without an interruption, first add the new
/// one as `previous` to every process, then make it the current one and keep the old one as `previous`, until everything encrypted with
/// that has expired or was written again.
package struct NodeSecrets: Sendable {
    /// The purpose of an encrypted text.
    package enum Purpose: String, Sendable, CaseIterable {
        /// A token with which this node calls a platform, in `ocn.state`.
        case token
        /// The target of a URL that this node handed out.
        case url
    }

    private let current: Keys
    private let all: [Keys]

    /// - Parameters:
    ///   - current: encrypts, and decrypts.
    ///   - previous: only decrypt.
    package init(current: [UInt8], previous: [[UInt8]] = []) {
        self.current = Keys(current)
        all = [self.current] + previous.map(Keys.init)
    }

    /// - Parameter text: the operator's secret, at least 16 characters; nil if shorter.
    package init?(text: String, previous: [String] = []) {
        guard text.utf8.count >= 16 else { return nil }
        self.init(current: Array(text.utf8), previous: previous.map { Array($0.utf8) })
    }

    /// Identifies the known secrets in `ocn.state` without revealing them, the current one first. A reader of `ocn.state` could check a
    /// guess against a fingerprint, as against any encrypted text, so the secret must not be guessable.
    package func fingerprints(_ operatorAddress: String) -> [String] { all.map { $0.first.fingerprint(operatorAddress) } }

    /// Encrypts a token for `ocn.state`.
    package func seal(_ token: Token) -> SealedSecret? {
        sealBytes(Array(token.raw.utf8), for: .token).map(SealedSecret.init(text:))
    }

    /// Decrypts a token; nil if it was altered or encrypted with a secret that this process does not have.
    package func open(_ sealed: SealedSecret) -> Token? {
        guard let bytes = openBytes(sealed.text, for: .token), let text = String(validating: bytes, as: UTF8.self) else { return nil }
        return Token(text)
    }

    /// Encrypts bytes in the second form: a digit and base64url of nonce, ciphertext, tag. Unguessable and URL-safe. Nil only if encryption
    /// itself fails.
    package func sealBytes(_ bytes: [UInt8], for purpose: Purpose) -> String? {
        let box = try? AES.GCM.seal(bytes, using: current.key(purpose), authenticating: Keys.context(purpose))
        return box.map { Keys.form + Base64.encodeURL(Array($0.nonce) + Array($0.ciphertext) + Array($0.tag)) }
    }

    /// Decrypts a result of ``sealBytes(_:for:)`` for the same purpose, in the present or the first form; nil for anything else.
    package func openBytes(_ text: String, for purpose: Purpose) -> [UInt8]? {
        if text.hasPrefix(Keys.form), let box = AES.GCM.SealedBox(base64URL: text.dropFirst(Keys.form.count)) {
            let context = Keys.context(purpose)
            for keys in all {
                if let bytes = try? AES.GCM.open(box, using: keys.key(purpose), authenticating: context) { return Array(bytes) }
            }
        }
        // A text of the first form may begin like one of the second.
        return all.lazy.compactMap { $0.first.open(text) }.first
    }
}

/// The keys that are derived from one secret.
private struct Keys: Sendable {
    /// The beginning of texts in the present form.
    static let form = "2"

    let first: FirstForm
    private let token: SymmetricKey
    private let url: SymmetricKey

    init(_ secret: [UInt8]) {
        first = FirstForm(secret)
        // Extracted once, expanded for each purpose (RFC 5869).
        let root = HKDF<SHA256>.extract(inputKeyMaterial: SymmetricKey(data: secret), salt: Array("ocn-relay node.secret".utf8))
        func expanded(_ purpose: NodeSecrets.Purpose) -> SymmetricKey {
            HKDF<SHA256>.expand(pseudoRandomKey: root, info: Self.context(purpose), outputByteCount: 32)
        }
        token = expanded(.token)
        url = expanded(.url)
    }

    func key(_ purpose: NodeSecrets.Purpose) -> SymmetricKey {
        switch purpose {
        case .token: token
        case .url: url
        }
    }

    /// The context of key derivation and authentication.
    static func context(_ purpose: NodeSecrets.Purpose) -> [UInt8] { Array("ocn-relay seal \(form) \(purpose.rawValue)".utf8) }
}

/// The first form of encrypted texts: one key for all purposes, and four characters of a hash of the secret before the text. Only decrypts.
private struct FirstForm: Sendable {
    private let id: String
    private let key: SymmetricKey

    init(_ secret: [UInt8]) {
        key = SymmetricKey(data: SHA256.hash(data: Array("ocn-relay key".utf8) + secret))
        id = Base64.encodeURL(Array(SHA256.hash(data: Array("ocn-relay key id".utf8) + secret).prefix(3)))
    }

    func open(_ text: String) -> [UInt8]? {
        guard text.hasPrefix(id), let box = AES.GCM.SealedBox(base64URL: text.dropFirst(id.count)) else { return nil }
        return (try? AES.GCM.open(box, using: key)).map(Array.init)
    }

    /// Derived from the key, from which the secret cannot be computed. Salted, so that two nodes with one secret have different ones. It
    /// must not change: processes of the previous version compare it.
    func fingerprint(_ operatorAddress: String) -> String {
        let derived = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: key, salt: Array(operatorAddress.lowercased().utf8), info: Array("ocn-relay secret fingerprint".utf8),
            outputByteCount: 24)
        return derived.withUnsafeBytes { Base64.encodeURL(Array($0)) }
    }
}

extension AES.GCM.SealedBox {
    /// Nonce, ciphertext, tag.
    fileprivate init?(base64URL text: Substring) {
        guard let bytes = Base64.decodeURL(String(text)), let box = try? AES.GCM.SealedBox(combined: bytes) else { return nil }
        self = box
    }
}

/// The stored form of an accepted token: only its SHA-256, so that neither Kafka nor timing reveals it.
package enum TokenHash {
    /// SHA-256 of the token's UTF-8 bytes, hex.
    package static func of(_ token: Token) -> String {
        Hex.encode(SHA256.hash(data: Array(token.raw.utf8)))
    }
}
