/// Base64 and base64url (RFC 4648, sections 4 and 5). Decoding is strict: no whitespace, no unused bits that are set, padding absent or
/// complete.
package enum Base64 {
    /// Encodes with the standard alphabet and padding.
    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        encode(bytes, standard, isPadded: true)
    }

    /// Decodes the standard alphabet. Nil for any other text.
    package static func decode(_ text: String) -> [UInt8]? {
        decode(text, UInt8(ascii: "+"), UInt8(ascii: "/"))
    }

    /// Encodes with the URL alphabet, without padding.
    package static func encodeURL(_ bytes: some Collection<UInt8>) -> String {
        encode(bytes, url, isPadded: false)
    }

    /// Decodes the URL alphabet. Nil for any other text.
    package static func decodeURL(_ text: String) -> [UInt8]? {
        decode(text, UInt8(ascii: "-"), UInt8(ascii: "_"))
    }

    private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
    private static let standard = letters + Array("+/".utf8)
    private static let url = letters + Array("-_".utf8)

    private static func encode(_ bytes: some Collection<UInt8>, _ alphabet: [UInt8], isPadded: Bool) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var bits: UInt32 = 0
        var count = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                text.append(alphabet[Int(bits >> UInt32(count) & 0x3F)])
            }
        }
        if count > 0 { text.append(alphabet[Int(bits << UInt32(6 - count) & 0x3F)]) }
        while isPadded, !text.count.isMultiple(of: 4) { text.append(UInt8(ascii: "=")) }
        return String(decoding: text, as: UTF8.self)
    }

    private static func decode(_ text: String, _ digit62: UInt8, _ digit63: UInt8) -> [UInt8]? {
        var digits = Array(text.utf8)[...]
        if digits.count.isMultiple(of: 4) {
            for _ in 0..<2 where digits.last == UInt8(ascii: "=") { digits.removeLast() }
        }
        guard digits.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 4 * 3 + 2)
        var bits: UInt32 = 0
        var count = 0
        for digit in digits {
            guard let value = value(of: digit, digit62, digit63) else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        guard bits & (1 << UInt32(count) - 1) == 0 else { return nil }
        return bytes
    }

    private static func value(of digit: UInt8, _ digit62: UInt8, _ digit63: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0") + 52
        case digit62: 62
        case digit63: 63
        default: nil
        }
    }
}
