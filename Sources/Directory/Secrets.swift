import Crypto
package import OCPI
import Wire

/// A token encrypted with the node's secret, as it stands in Kafka.
package struct SealedSecret: Sendable, Equatable {
    /// Text form; safe to store and to show.
    package let text: String

    /// - Parameter text: what ``NodeSecrets/seal(_:)`` gave.
    package init(text: String) {
        self.text = text
    }
}

/// Encrypts what must not stand in clear outside this process (AES-256-GCM with the node's secret).
///
/// All processes of a node share the secret; ``ProcessConsistency`` sees to that. To change it without an interruption, first let every process know
/// the new one as `previous`, then make it the current one and keep the old one as `previous`, until everything sealed with that has expired
/// or was written anew.
package struct NodeSecrets: Sendable {
    private let current: Key
    private let all: [Key]

    private struct Key: Sendable {
        let id: String
        let key: SymmetricKey

        init(_ secret: [UInt8]) {
            // Domain-separated: neither the id nor the key gives the secret away, or each other.
            key = SymmetricKey(data: SHA256.hash(data: Array("ocn-relay key".utf8) + secret))
            id = Base64.encodeURL(Array(SHA256.hash(data: Array("ocn-relay key id".utf8) + secret).prefix(3)))
        }

        /// Derived from the key, which itself cannot be led back to the secret. Salted, so that two nodes with one secret have two.
        func fingerprint(_ operatorAddress: String) -> String {
            let derived = HKDF<SHA256>.deriveKey(
                inputKeyMaterial: key, salt: Array(operatorAddress.lowercased().utf8), info: Array("ocn-relay secret fingerprint".utf8),
                outputByteCount: 24)
            return derived.withUnsafeBytes { Base64.encodeURL(Array($0)) }
        }
    }

    /// - Parameters:
    ///   - current: seals from now on.
    ///   - previous: still opens what it sealed.
    package init(current: [UInt8], previous: [[UInt8]] = []) {
        self.current = Key(current)
        all = [self.current] + previous.map(Key.init)
    }

    /// - Parameter text: the operator's secret, at least 16 characters; nil if shorter.
    package init?(text: String, previous: [String] = []) {
        guard text.utf8.count >= 16 else { return nil }
        self.init(current: Array(text.utf8), previous: previous.map { Array($0.utf8) })
    }

    /// What tells secrets apart in `ocn.state` without giving one away: of each secret that is known here, the current one first. Whoever can
    /// read `ocn.state` could check a guess against it, as against any sealed token: the secret must not be one that can be guessed.
    package func fingerprints(_ operatorAddress: String) -> [String] { all.map { $0.fingerprint(operatorAddress) } }

    /// Seals a token for `ocn.state`.
    package func seal(_ token: Token) -> SealedSecret? {
        sealBytes(Array(token.raw.utf8)).map(SealedSecret.init(text:))
    }

    /// The token again; nil if it was sealed with a secret this process does not have, or altered.
    package func open(_ sealed: SealedSecret) -> Token? {
        guard let bytes = openBytes(sealed.text), let text = String(validating: bytes, as: UTF8.self) else { return nil }
        return Token(text)
    }

    /// `<key id, 4 characters><base64url of nonce, ciphertext, tag>`; unguessable and URL-safe. Nil only if encryption itself fails.
    package func sealBytes(_ bytes: [UInt8]) -> String? {
        guard let box = try? AES.GCM.seal(bytes, using: current.key) else { return nil }
        return current.id + Base64.encodeURL(Array(box.nonce) + Array(box.ciphertext) + Array(box.tag))
    }

    /// What ``sealBytes(_:)`` sealed; nil for anything else.
    package func openBytes(_ text: String) -> [UInt8]? {
        guard let key = all.first(where: { text.hasPrefix($0.id) }), let bytes = Base64.decodeURL(String(text.dropFirst(key.id.count))),
            bytes.count >= 28,
            let nonce = try? AES.GCM.Nonce(data: Array(bytes[..<12])),
            let box = try? AES.GCM.SealedBox(
                nonce: nonce, ciphertext: Array(bytes[12..<(bytes.count - 16)]), tag: Array(bytes[(bytes.count - 16)...]))
        else { return nil }
        return (try? AES.GCM.open(box, using: key.key)).map(Array.init)
    }
}

/// How an accepted token is stored and compared: only its SHA-256, so that neither Kafka nor timing gives it away.
package enum TokenHash {
    /// SHA-256 of the token's UTF-8 bytes, hex.
    package static func of(_ token: Token) -> String {
        Hex.encode(SHA256.hash(data: Array(token.raw.utf8)))
    }
}
