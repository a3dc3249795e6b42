import Encoding

/// An ECDSA signature on secp256k1 from which the signer's address can be computed.
package struct RecoverableSignature: Hashable, Sendable, CustomStringConvertible {
    /// r and s, 64 bytes, most significant first.
    private let compact: [UInt8]

    /// The recovery value: 27 or 28, as Ethereum writes it (29 and 30 exist in theory).
    package let v: UInt8

    /// The value r: 32 bytes, most significant first.
    package var r: [UInt8] { Array(compact.prefix(32)) }

    /// The value s: 32 bytes, most significant first. Signatures made here have a low s; a foreign high s is accepted, as by ecrecover.
    package var s: [UInt8] { Array(compact.suffix(32)) }

    init(compact: [UInt8], recoveryID: Int32) {
        self.compact = compact
        self.v = 27 + UInt8(truncatingIfNeeded: recoveryID & 3)
    }

    /// Parses 130 hex digits r, s, v, with or without `0x`; v may be 0, 1, 27 or 28. Nil for any other text.
    package init?(hex: String) {
        guard let bytes = Hex.decode(hex), bytes.count == 65 else { return nil }
        switch bytes[64] {
        case 0, 1: v = bytes[64] + 27
        case 27, 28: v = bytes[64]
        default: return nil
        }
        compact = Array(bytes.prefix(64))
    }

    /// Whether s is in the lower half of its range. Every signature has an equivalent with a high s that recovers to the same address.
    package var isLow: Bool { s == Self.half || s.lexicographicallyPrecedes(Self.half) }

    /// Half of the order of secp256k1.
    private static let half: [UInt8] =
        [0x7F] + [UInt8](repeating: 0xFF, count: 15) + [
            0x5D, 0x57, 0x6E, 0x73, 0x57, 0xA4, 0x50, 0x1D, 0xDF, 0xE9, 0x2F, 0x46, 0x68, 0x1B, 0x20, 0xA0,
        ]

    /// 130 lower-case hex digits r, s, v without `0x`.
    package var hex: String { Hex.encode(compact + [v]) }

    /// The signer of the 32-byte `digest`; nil if no key can have signed it. Any well-formed signature yields *some* address, so compare it
    /// with the expected one.
    package func recover(_ digest: [UInt8]) -> EthereumAddress? {
        Secp256k1.recover(digest, compact: compact, recoveryID: Int32(v) - 27).flatMap { EthereumAddress(publicKey: $0) }
    }

    package var description: String { hex }
}
