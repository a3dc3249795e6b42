import Encoding
import OCPI

/// Formats the decoded path and query of a message between nodes as parts of a URL (RFC 3986).
enum URLText {
    /// The path without leading and trailing slashes, which have no meaning, as for a party's request. Characters that a path cannot
    /// contain are percent-encoded; existing percent-encoding is kept.
    /// - Parameter isVerbatim: the sending node forwards paths unchanged: every character that a request line can contain is kept.
    static func path(_ text: String, isVerbatim: Bool = false) -> String {
        let bytes = Array(URLJoin.trimmed(text.hasPrefix("/") ? String(text.dropFirst()) : text).utf8)
        return encode(bytes) { index in
            let byte = bytes[index]
            if isVerbatim { return 0x21...0x7E ~= byte && !"?#".utf8.contains(byte) }
            if byte == UInt8(ascii: "%") { return bytes[(index + 1)...].prefix(2).count(where: isHexDigit) == 2 }
            return isUnreserved(byte) || "/!$&'()*+,;=:@".utf8.contains(byte)
        }
    }

    /// The query as its sender wrote it, which a `verbatim` node sends beside the parameters; nil if it differs from them.
    static func query(_ text: String, saying object: JSONValue?) -> String? {
        guard text.utf8.allSatisfy({ 0x21...0x7E ~= $0 && $0 != UInt8(ascii: "#") }) else { return nil }
        let said = (object?.members ?? []).compactMap { member in scalar(member.value).map { [member.name, $0] } }
        return PercentText.pairs(text).map { [$0.name, $0.value] } == said ? text : nil
    }

    /// `name=value&…` of an object of scalars, without null members. Nil for none.
    static func query(_ object: JSONValue) -> String? {
        let pairs = (object.members ?? []).compactMap { member in
            scalar(member.value).map { value(member.name) + "=" + value($0) }
        }
        return pairs.isEmpty ? nil : pairs.joined(separator: "&")
    }

    static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    /// A name or value in a query. Colons and slashes are not encoded, because they are common in times and URLs.
    private static func value(_ text: String) -> String {
        let bytes = Array(text.utf8)
        return encode(bytes) { isUnreserved(bytes[$0]) || ":/".utf8.contains(bytes[$0]) }
    }

    private static func scalar(_ value: JSONValue) -> String? {
        switch value {
        case .string(let text), .number(let text): text
        case .bool(let value): String(value)
        case .null, .array, .object: nil
        }
    }

    private static func encode(_ bytes: [UInt8], where stays: (Int) -> Bool) -> String {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(bytes.count)
        for index in bytes.indices {
            if stays(index) {
                encoded.append(bytes[index])
            } else {
                encoded += "%".utf8
                encoded += Hex.encode([bytes[index]]).uppercased().utf8
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"): true
        default: false
        }
    }
}
