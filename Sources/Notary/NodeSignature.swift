package import NIOCore

/// The signature of one node to another over the whole body of `POST /ocn/message` and `PUT /ocn/client-info`, in the header
/// `OCN-Signature`.
///
/// Text form: 130 hex digits r, s, v without `0x`, over the personal-message digest of the body's bytes. It says who sent the bytes, and
/// nothing about receiver or time. The reference nodes verify a re-serialisation, so sign the canonical bytes that are sent.
package enum NodeSignature {
    /// Signs the readable bytes.
    package static func sign(_ body: ByteBuffer, with key: SigningKey) -> String {
        key.sign(PersonalMessage.digest(body.readableBytesUInt8Span)).hex
    }

    /// Signs the bytes.
    package static func sign(_ body: [UInt8], with key: SigningKey) -> String {
        key.sign(PersonalMessage.digest(body.span)).hex
    }

    /// Whether a text can be such a signature, whoever may have made it (`0x` and v 0, 1, 27, 28 are accepted). One with a high s can be
    /// made of any other by whoever has seen it, so it is none.
    package static func isWellFormed(_ signature: String) -> Bool { read(signature) != nil }

    private static func read(_ signature: String) -> RecoverableSignature? {
        guard signature.utf8.count <= 132, let signature = RecoverableSignature(hex: signature), signature.isLow else { return nil }
        return signature
    }

    /// Who signed the readable bytes; nil if `signature` is not well formed.
    /// Another body yields another address, not nil: compare with the operator the registry names for the sender.
    package static func signer(of body: ByteBuffer, signature: String) -> EthereumAddress? {
        read(signature)?.recover(PersonalMessage.digest(body.readableBytesUInt8Span))
    }

    /// Who signed the bytes; see above.
    package static func signer(of body: [UInt8], signature: String) -> EthereumAddress? {
        read(signature)?.recover(PersonalMessage.digest(body.span))
    }
}
