import Encoding

/// A 20-byte Ethereum account address of a signer. Compares by value, whatever the case of the text.
package struct EthereumAddress: Hashable, Sendable, CustomStringConvertible {
    // Packed, because addresses are dictionary keys and an array would cost an allocation each.
    private let high: UInt64
    private let middle: UInt64
    private let low: UInt32

    /// The zero address, which has no key; registries answer it for "not registered".
    package static let zero = EthereumAddress(high: 0, middle: 0, low: 0)

    private init(high: UInt64, middle: UInt64, low: UInt32) {
        self.high = high
        self.middle = middle
        self.low = low
    }

    /// Nil unless there are exactly 20 bytes.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 20 else { return nil }
        var high: UInt64 = 0
        var middle: UInt64 = 0
        var low: UInt32 = 0
        for (index, byte) in bytes.enumerated() {
            switch index {
            case 0..<8: high = high << 8 | UInt64(byte)
            case 8..<16: middle = middle << 8 | UInt64(byte)
            default: low = low << 8 | UInt32(byte)
            }
        }
        self.init(high: high, middle: middle, low: low)
    }

    /// Parses 40 hex digits of any case, with or without `0x`. A mixed-case checksum is not checked.
    package init?(hex: String) {
        guard let bytes = Hex.decode(hex) else { return nil }
        self.init(bytes: bytes)
    }

    /// The account of an uncompressed public key without its leading 0x04 (64 bytes).
    init?(publicKey: some Sequence<UInt8>) {
        self.init(bytes: Keccak256.hash(Array(publicKey)).suffix(20))
    }

    /// The 20 bytes, most significant first.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(20)
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: high >> shift)) }
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: middle >> shift)) }
        for shift in stride(from: 24, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: low >> shift)) }
        return bytes
    }

    /// Whether this is the zero address, which `ecrecover` returns for an invalid signature.
    package var isZero: Bool { self == .zero }

    /// `0x` and 40 lower-case digits.
    package var hex: String { "0x" + Hex.encode(bytes) }

    /// `0x` and 40 digits in the mixed case of EIP-55. The JavaScript notary compares this spelling as text.
    package var checksummed: String {
        let digits = Array(Hex.encode(bytes).utf8)
        let hash = Keccak256.hash(digits)
        var text = "0x"
        text.reserveCapacity(42)
        for (index, digit) in digits.enumerated() {
            let nibble = index % 2 == 0 ? hash[index / 2] >> 4 : hash[index / 2] & 0x0f
            let isLetter = digit >= UInt8(ascii: "a")
            text.unicodeScalars.append(Unicode.Scalar(isLetter && nibble >= 8 ? digit - 32 : digit))
        }
        return text
    }

    package var description: String { checksummed }
}
