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

    /// Who signed the readable bytes; nil if `signature` is not one (`0x` and v 0, 1, 27, 28 are accepted).
    /// Another body yields another address, not nil: compare with the operator the registry names for the sender.
    package static func signer(of body: ByteBuffer, signature: String) -> EthereumAddress? {
        RecoverableSignature(hex: signature)?.recover(PersonalMessage.digest(body.readableBytesUInt8Span))
    }

    /// Who signed the bytes; see above.
    package static func signer(of body: [UInt8], signature: String) -> EthereumAddress? {
        RecoverableSignature(hex: signature)?.recover(PersonalMessage.digest(body.span))
    }
}
