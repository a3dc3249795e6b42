import Encoding

/// A secp256k1 secret: the identity of a node or a party. Its description hides the secret; safe to share between threads.
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

    /// Parses 64 hex digits, with or without `0x`. Nil if it is not a secret of the curve (zero, or not below its order).
    package init?(hex: String) {
        guard let secret = Hex.decode(hex) else { return nil }
        self.init(secret: secret)
    }

    /// Makes a key from the system's random numbers.
    package static func generate() -> SigningKey {
        var generator = SystemRandomNumberGenerator()
        while true {
            // One draw in 2^128 exceeds the order of the curve.
            let secret = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            if let key = SigningKey(secret: secret) { return key }
        }
    }

    /// Signs a 32-byte digest: deterministic (RFC 6979), low s. Takes about 25 microseconds, so do not run it in bulk on an event loop.
    package func sign(_ digest: [UInt8]) -> RecoverableSignature {
        precondition(digest.count == Keccak256.digestLength, "only digests are signed")
        guard let signed = Secp256k1.sign(digest, secret: secret) else {
            preconditionFailure("a valid key signs every digest")
        }
        return RecoverableSignature(compact: signed.compact, recoveryID: signed.recoveryID)
    }

    /// The secret as 64 hex digits, for writing a key file. Must not be logged.
    package var secretHex: String { Hex.encode(secret) }

    package var description: String { "SigningKey(\(address))" }
    package var debugDescription: String { description }
    /// Shows the address only.
    package var customMirror: Mirror { Mirror(self, children: ["address": address]) }
}
