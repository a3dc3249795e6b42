/// Percent-encoding of paths and queries (RFC 3986, 2.1).
package enum PercentText {
    /// The parameters of a query in their order, decoded.
    package static func pairs(_ query: String) -> [(name: String, value: String)] {
        query.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (decoded(parts[0]), parts.count > 1 ? decoded(parts[1]) : "")
        }
    }

    /// Decodes `%41` and `+`; an invalid escape stays, and so does an escape whose result is not UTF-8.
    package static func decoded(_ text: some StringProtocol, plusIsSpace: Bool = true) -> String {
        String(validating: decodedBytes(text, plusIsSpace: plusIsSpace), as: UTF8.self) ?? String(text)
    }

    /// `%41` decoded; nil where `%` begins no encoding, or where the result is not UTF-8. `+` stays.
    package static func strictlyDecoded(_ text: some StringProtocol) -> String? {
        var rest = text.utf8[...]
        while let mark = rest.firstIndex(of: UInt8(ascii: "%")) {
            rest = rest[rest.index(after: mark)...]
            guard rest.prefix(2).compactMap(Hex.value(of:)).count == 2 else { return nil }
        }
        return String(validating: decodedBytes(text, plusIsSpace: false), as: UTF8.self)
    }

    /// Decodes `%41` and, in a query, `+`; an invalid escape stays.
    package static func decodedBytes(_ text: some StringProtocol, plusIsSpace: Bool) -> [UInt8] {
        decodedBytes(Array(text.utf8), plusIsSpace: plusIsSpace)
    }

    /// Like ``decodedBytes(_:plusIsSpace:)`` for a text, for bytes that need not be UTF-8.
    package static func decodedBytes(_ text: [UInt8], plusIsSpace: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = text[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                let digits = rest.prefix(2).compactMap(Hex.value(of:))
                if digits.count == 2 {
                    bytes.append(digits[0] << 4 | digits[1])
                    rest.removeFirst(2)
                } else {
                    bytes.append(byte)
                }
            default: bytes.append(byte)
            }
        }
        return bytes
    }

    /// A common text for all spellings of a path segment (RFC 3986, 6.2.2), for comparisons: decoded except for non-printable and non-ASCII
    /// bytes and the separators of URLs and of our keys: `%`, `/`, `?`, `#` and `|`.
    /// - Parameter bytes: the decoded segment.
    package static func normalized(_ bytes: [UInt8]) -> String {
        encoded(bytes) { 0x21...0x7E ~= $0 && !"%/?#|".utf8.contains($0) }
    }

    /// Encodes everything but letters, digits, `-`, `.`, `_` and `~` (RFC 3986, 2.3), so that the result fits any part of a URL.
    package static func encoded(_ text: String) -> String {
        encoded(Array(text.utf8)) { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                true
            default: false
            }
        }
    }

    /// Encodes a URL, or a part of it, for use between `<` and `>`: these characters and everything but printable ASCII; existing escapes
    /// stay.
    package static func inBrackets(_ text: String) -> String {
        encoded(Array(text.utf8)) { 0x21...0x7E ~= $0 && $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: ">") }
    }

    private static func encoded(_ bytes: [UInt8], but stays: (UInt8) -> Bool) -> String {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(bytes.count)
        for byte in bytes {
            if stays(byte) {
                encoded.append(byte)
            } else {
                encoded.append(UInt8(ascii: "%"))
                encoded += Hex.encode(CollectionOfOne(byte)).uppercased().utf8
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}
