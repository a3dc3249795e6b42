/// The text message that Ethereum wallets sign (EIP-191, version 0x45): its prefix keeps it from being a transaction.
package enum PersonalMessage {
    /// The 32-byte digest to sign: Keccak-256 of 0x19, "Ethereum Signed Message:", LF, the decimal byte length, and the message.
    package static func digest(_ message: Span<UInt8>) -> [UInt8] {
        var hash = Keccak256()
        hash.update("\u{19}Ethereum Signed Message:\n\(message.count)")
        hash.update(message)
        return hash.finish()
    }

    /// The digest of the UTF-8 bytes of `text`.
    package static func digest(_ text: String) -> [UInt8] {
        digest(text.utf8.span)
    }
}
