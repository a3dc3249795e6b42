package import NIOCore

/// The signature of one node to another over the whole body of `POST /ocn/message` and `PUT /ocn/client-info`, in the header
/// `OCN-Signature`.
///
/// Text form: 130 hex digits r, s, v without `0x`, over the personal-message digest of the body's bytes. It proves the sender, but neither
/// receiver nor time. The reference nodes verify a re-serialisation, so sign the canonical bytes that are sent.
package enum NodeSignature {
    /// Signs the readable bytes of the body.
    package static func sign(_ body: ByteBuffer, with key: SigningKey) -> String {
        key.sign(PersonalMessage.digest(body.readableBytesUInt8Span)).hex
    }

    /// Signs the bytes of the body.
    package static func sign(_ body: [UInt8], with key: SigningKey) -> String {
        key.sign(PersonalMessage.digest(body.span)).hex
    }

    /// Whether a text can be such a signature of any signer (`0x` and v 0, 1, 27, 28 are accepted). A high s is refused, because anyone can
    /// compute it from another signature.
    package static func isWellFormed(_ signature: String) -> Bool { read(signature) != nil }

    private static func read(_ signature: String) -> RecoverableSignature? {
        guard signature.utf8.count <= 132, let signature = RecoverableSignature(hex: signature), signature.isLow else { return nil }
        return signature
    }

    /// The signer of the readable bytes; nil if `signature` is not well formed. Another body yields another address, not nil: compare with
    /// the operator that the registry names for the sender.
    package static func signer(of body: ByteBuffer, signature: String) -> EthereumAddress? {
        read(signature)?.recover(PersonalMessage.digest(body.readableBytesUInt8Span))
    }

    /// The signer of the bytes; see ``signer(of:signature:)``.
    package static func signer(of body: [UInt8], signature: String) -> EthereumAddress? {
        read(signature)?.recover(PersonalMessage.digest(body.span))
    }
}
