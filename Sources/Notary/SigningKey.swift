import Encoding

/// A secp256k1 secret: the identity of a node or a party. Never prints itself; safe to share between threads.
package struct SigningKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let secret: [UInt8]

    /// The account of this key.
    package let address: EthereumAddress

    private init?(secret: [UInt8]) {
        guard Secp256k1.isValidSecret(secret), let publicKey = Secp256k1.publicKey(of: secret),
            let address = EthereumAddress(publicKey: publicKey)
        else { return nil }
        self.secret = secret
        self.address = address
    }

    /// 64 hex digits, with or without `0x`. Nil if it is not a secret of the curve (zero, or not below its order).
    package init?(hex: String) {
        guard let secret = Hex.decode(hex) else { return nil }
        self.init(secret: secret)
    }

    /// A new key from the system's random numbers.
    package static func generate() -> SigningKey {
        var generator = SystemRandomNumberGenerator()
        while true {
            // One draw in 2^128 is not below the order of the curve.
            let secret = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            if let key = SigningKey(secret: secret) { return key }
        }
    }

    /// Signs a 32-byte digest: deterministic (RFC 6979), low s. About 25 microseconds: not for an event loop in bulk.
    package func sign(_ digest: [UInt8]) -> RecoverableSignature {
        precondition(digest.count == Keccak256.digestLength, "only digests are signed")
        guard let signed = Secp256k1.sign(digest, secret: secret) else {
            preconditionFailure("a valid key signs every digest")
        }
        return RecoverableSignature(compact: signed.compact, recoveryID: signed.recoveryID)
    }

    /// The secret as 64 hex digits, for the one who writes a key file. Not for logs.
    package var secretHex: String { Hex.encode(secret) }

    package var description: String { "SigningKey(\(address))" }
    package var debugDescription: String { description }
    /// Shows the address only.
    package var customMirror: Mirror { Mirror(self, children: ["address": address]) }
}
