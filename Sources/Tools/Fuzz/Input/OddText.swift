import Testbed

/// Texts that often cause errors in programs.
enum OddText {
    /// Short texts of every kind.
    static let samples: [String] = [
        "", " ", "\t", "0", "-1", "null", "true", "[]", "{}", "\"", "'", "\\", "/", "//", "..", ".", "../../etc/passwd", "%2e%2e%2f", "%",
        "%2", "%zz", "%00", "%0d%0aX-Injected:%201", "%F0%9F%94%8C", "|", "a|b", "<>", "{x}", "^`", "#", "?", "?a=b", "&", "=", ";", ":",
        "@",
        "*", "~", "M*1", "M%2A1", "S\u{00E9}", "S\u{0065}\u{0301}", "\u{FEFF}", "\u{202E}abc", "\u{2028}", "\u{0000}", "\u{0001}",
        "\u{007F}",
        "\u{FFFD}", "\u{1F469}\u{200D}\u{1F469}\u{200D}\u{1F467}", "\u{10FFFF}", "ß", "İ", "ǅ", "ﬃ", "٣", "１", "Ω", "Ω", "\r\n",
        "a\r\nX: y",
        "http://", "http://a", "https://[::1]:99999/", "http://127.0.0.1:1/%", "http://u:p@a/", "//a", "file:///etc/passwd",
        "javascript:0", "2026-01-01T00:00:00Z", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59Z", "2026-02-30T25:61:61Z",
        "2026-01-01T00:00:00.123456789123456789Z", "1969-12-31T23:59:59Z", "2016-12-31T23:59:60Z", "+999999999-01-01T00:00:00Z",
        "DE-FZS", "DEFZS", "D", "DEU-FZSS", "de-fzs", "ÄÖ-ÜÄÖ", "RFID", "rfid", "SENDER", "gzip", "GET", "2.2.1", "2.2", "3.0", "1e309",
        "NaN", "Infinity", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "18446744073709551616", "0x10", "1_000",
    ]

    /// One of the samples, a long text, random letters, or a combination.
    static func make(_ numbers: inout SeededNumbers, longest: Int = 3000) -> String {
        switch numbers.below(10) {
        case 0..<6: return numbers.pick(samples)
        case 6:
            return String(
                repeating: numbers.pick(["a", "%41", "|", "é", "\u{1F50C}", "/", "../", "a=b&"]), count: 1 + numbers.below(longest))
        case 7: return scalars(&numbers)
        case 8: return numbers.pick(samples) + numbers.pick(samples) + numbers.pick(samples)
        default: return String(numbers.next(), radix: 36)
        }
    }

    /// A text that is valid in a header: without control characters and without blanks at its ends.
    static func headerValue(_ numbers: inout SeededNumbers, longest: Int = 1500) -> String {
        let text = make(&numbers, longest: longest).unicodeScalars.filter { $0.value > 0x20 && $0.value != 0x7F }
        return String(String.UnicodeScalarView(text))
    }

    /// A text that is valid in a request target: visible ASCII.
    static func target(_ numbers: inout SeededNumbers, longest: Int = 1500) -> String {
        let text = make(&numbers, longest: longest).unicodeScalars.filter { $0.value > 0x20 && $0.value < 0x7F && $0 != "#" }
        return String(String.UnicodeScalarView(text))
    }

    private static func scalars(_ numbers: inout SeededNumbers) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<numbers.below(40) {
            let limit = numbers.pick([0x80, 0x800, 0x1_0000, 0x11_0000])
            if let scalar = UnicodeScalar(UInt32(numbers.below(limit))) { text.append(scalar) }
        }
        return String(text)
    }
}

/// JSON number literals that often cause errors in programs.
enum OddNumber {
    static let samples: [String] = [
        "0", "-0", "-1", "1", "1000", "1000.0", "1E3", "2001", "4294967296", "9007199254740993", "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808", "-9223372036854775809", "18446744073709551616", "1e308", "1e309", "-1e400", "1E-400", "1e2147483648",
        "0.1", "1.10", "0.30000000000000004", "3.0", "0e0", "-0.0e-0", String(repeating: "9", count: 400),
        "0." + String(repeating: "1", count: 400), "1e" + String(repeating: "9", count: 40),
    ]
}
