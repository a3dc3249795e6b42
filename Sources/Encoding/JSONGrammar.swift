/// RFC 8259, byte by byte. Each function starts at `at` and moves it past what it read; none of them allocates.
enum JSONGrammar {
    /// The deepest nesting accepted, whatever the caller asks for: the functions recurse, and the stack is finite.
    static let depthLimit = 512

    static let quote = UInt8(ascii: "\"")
    static let backslash = UInt8(ascii: "\\")

    /// Skips a byte order mark, which senders should not add and readers may ignore (RFC 8259, 8.1), and whitespace.
    static func begin(_ json: Span<UInt8>, _ at: inout Int) {
        if json.count >= 3, json[0] == 0xEF, json[1] == 0xBB, json[2] == 0xBF { at = 3 }
        skipWhitespace(json, &at)
    }

    static func skipWhitespace(_ json: Span<UInt8>, _ at: inout Int) {
        while at < json.count {
            switch json[at] {
            case 0x20, 0x09, 0x0A, 0x0D: at += 1
            default: return
            }
        }
    }

    /// Skips one value of any kind. `depth`: the number of nested containers still allowed.
    static func skipValue(_ json: Span<UInt8>, _ at: inout Int, depth: Int) throws(JSONError) {
        guard at < json.count else { throw JSONError(offset: at, reason: "a value is missing") }
        switch json[at] {
        case quote:
            _ = try skipString(json, &at)
        case UInt8(ascii: "{"):
            try skipObject(json, &at, depth: depth)
        case UInt8(ascii: "["):
            try skipArray(json, &at, depth: depth)
        case UInt8(ascii: "t"):
            try skipLiteral("true", json, &at)
        case UInt8(ascii: "f"):
            try skipLiteral("false", json, &at)
        case UInt8(ascii: "n"):
            try skipLiteral("null", json, &at)
        default:
            try skipNumber(json, &at)
        }
    }

    private static func skipObject(_ json: Span<UInt8>, _ at: inout Int, depth: Int) throws(JSONError) {
        guard try enter(json, &at, depth: depth, end: UInt8(ascii: "}")) else { return }
        repeat {
            _ = try skipString(json, &at)
            try skipColon(json, &at)
            try skipValue(json, &at, depth: depth - 1)
        } while try another(json, &at, end: UInt8(ascii: "}"))
    }

    private static func skipArray(_ json: Span<UInt8>, _ at: inout Int, depth: Int) throws(JSONError) {
        guard try enter(json, &at, depth: depth, end: UInt8(ascii: "]")) else { return }
        repeat {
            try skipValue(json, &at, depth: depth - 1)
        } while try another(json, &at, end: UInt8(ascii: "]"))
    }

    /// Skips the opening bracket. False if the container is empty (its end is skipped too).
    static func enter(_ json: Span<UInt8>, _ at: inout Int, depth: Int, end: UInt8) throws(JSONError) -> Bool {
        guard depth > 0 else { throw JSONError(offset: at, reason: "nested too deeply") }
        at += 1
        skipWhitespace(json, &at)
        guard at < json.count, json[at] == end else { return true }
        at += 1
        return false
    }

    /// Skips a comma (true) or the end of the container (false).
    static func another(_ json: Span<UInt8>, _ at: inout Int, end: UInt8) throws(JSONError) -> Bool {
        skipWhitespace(json, &at)
        guard at < json.count else { throw JSONError(offset: at, reason: "the text ends too early") }
        if json[at] == end {
            at += 1
            return false
        }
        guard json[at] == UInt8(ascii: ",") else { throw JSONError(offset: at, reason: "a comma is missing") }
        at += 1
        skipWhitespace(json, &at)
        return true
    }

    /// Skips `:` and the whitespace around it.
    static func skipColon(_ json: Span<UInt8>, _ at: inout Int) throws(JSONError) {
        skipWhitespace(json, &at)
        guard at < json.count, json[at] == UInt8(ascii: ":") else { throw JSONError(offset: at, reason: "a colon is missing") }
        at += 1
        skipWhitespace(json, &at)
    }

    /// Skips a string with its quotes. True if it has escapes.
    static func skipString(_ json: Span<UInt8>, _ at: inout Int) throws(JSONError) -> Bool {
        guard at < json.count, json[at] == quote else { throw JSONError(offset: at, reason: "a string is missing") }
        at += 1
        var hasEscapes = false
        while at < json.count {
            let byte = json[at]
            switch byte {
            case quote:
                at += 1
                return hasEscapes
            case backslash:
                hasEscapes = true
                try skipEscape(json, &at)
            case 0x20..<0x80:
                at += 1
            case 0..<0x20:
                throw JSONError(offset: at, reason: "a control character in a string")
            default:
                try skipUTF8(json, &at)
            }
        }
        throw JSONError(offset: at, reason: "a string does not end")
    }

    private static func skipEscape(_ json: Span<UInt8>, _ at: inout Int) throws(JSONError) {
        guard json.count - at >= 2 else { throw JSONError(offset: at, reason: "a string does not end") }
        switch json[at + 1] {
        case quote, backslash, UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"),
            UInt8(ascii: "t"):
            at += 2
        case UInt8(ascii: "u"):
            guard hex4(json, at + 2) != nil else { throw JSONError(offset: at, reason: "an escape is not complete") }
            at += 6
        default:
            throw JSONError(offset: at, reason: "an unknown escape")
        }
    }

    /// The value of four hexadecimal digits at `at`.
    static func hex4(_ json: Span<UInt8>, _ at: Int) -> UInt32? {
        guard json.count - at >= 4 else { return nil }
        var value: UInt32 = 0
        for index in at..<(at + 4) {
            guard let digit = Hex.value(of: json[index]) else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    /// Skips one character of two to four bytes: no overlong form, no surrogate, nothing above U+10FFFF.
    private static func skipUTF8(_ json: Span<UInt8>, _ at: inout Int) throws(JSONError) {
        let length: Int
        let second: ClosedRange<UInt8>
        switch json[at] {
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: throw JSONError(offset: at, reason: "not UTF-8")
        }
        guard json.count - at >= length, second.contains(json[at + 1]) else { throw JSONError(offset: at, reason: "not UTF-8") }
        for index in (at + 2)..<max(at + 2, at + length) where json[index] & 0xC0 != 0x80 {
            throw JSONError(offset: at, reason: "not UTF-8")
        }
        at += length
    }

    static func skipLiteral(_ literal: String, _ json: Span<UInt8>, _ at: inout Int) throws(JSONError) {
        let start = at
        for expected in literal.utf8 {
            guard at < json.count, json[at] == expected else { throw JSONError(offset: start, reason: "not a value") }
            at += 1
        }
    }

    static func skipNumber(_ json: Span<UInt8>, _ at: inout Int) throws(JSONError) {
        let start = at
        if at < json.count, json[at] == UInt8(ascii: "-") { at += 1 }
        guard at < json.count, isDigit(json[at]) else { throw JSONError(offset: start, reason: "not a value") }
        if json[at] == UInt8(ascii: "0") { at += 1 } else { skipDigits(json, &at) }
        if at < json.count, json[at] == UInt8(ascii: ".") {
            at += 1
            guard at < json.count, isDigit(json[at]) else { throw JSONError(offset: at, reason: "a digit is missing") }
            skipDigits(json, &at)
        }
        if at < json.count, json[at] | 0x20 == UInt8(ascii: "e") {
            at += 1
            if at < json.count, json[at] == UInt8(ascii: "+") || json[at] == UInt8(ascii: "-") { at += 1 }
            guard at < json.count, isDigit(json[at]) else { throw JSONError(offset: at, reason: "a digit is missing") }
            skipDigits(json, &at)
        }
    }

    private static func skipDigits(_ json: Span<UInt8>, _ at: inout Int) {
        while at < json.count, isDigit(json[at]) { at += 1 }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    /// Passes the unescaped UTF-8 bytes of a string to `emit`. `string` must have passed `skipString`. A lone surrogate becomes U+FFFD.
    /// Ends early when `emit` returns false.
    static func unescape(_ string: Range<Int>, of json: Span<UInt8>, emit: (UInt8) -> Bool) {
        var at = string.lowerBound + 1
        let end = string.upperBound - 1
        while at < end {
            guard json[at] == backslash else {
                guard emit(json[at]) else { return }
                at += 1
                continue
            }
            guard json[at + 1] == UInt8(ascii: "u") else {
                guard emit(plain(json[at + 1])) else { return }
                at += 2
                continue
            }
            let scalar = scalar(json, &at)
            for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
                guard emit(byte) else { return }
            }
        }
    }

    private static func plain(_ letter: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: letter
        }
    }

    /// Reads one `\uXXXX`, or two that form a surrogate pair.
    private static func scalar(_ json: Span<UInt8>, _ at: inout Int) -> Unicode.Scalar {
        let replacement: Unicode.Scalar = "\u{FFFD}"
        guard let high = hex4(json, at + 2) else { return replacement }
        at += 6
        guard (0xD800..<0xDC00).contains(high) else { return Unicode.Scalar(high) ?? replacement }
        guard json.count - at >= 6, json[at] == backslash, json[at + 1] == UInt8(ascii: "u"), let low = hex4(json, at + 2),
            (0xDC00..<0xE000).contains(low)
        else { return replacement }
        at += 6
        return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)) ?? replacement
    }
}
