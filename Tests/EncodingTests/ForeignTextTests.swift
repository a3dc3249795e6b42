import Encoding
import Testing

@Suite struct ForeignTextTests {
    @Test func foreignTextCannotControlATerminal() {
        #expect(ForeignText.printable("a\u{1B}[2Jb\r\u{202E}é\n") == "a\\u{1b}[2Jb\\u{d}\\u{202e}é\\u{a}")
        #expect(ForeignText.printable("a\n\tb\u{7}", lines: true) == "a\n\tb\\u{7}")
        for text in ["\u{1B}", "\u{7}", "\n", "\0", "\u{202E}", "\u{2028}"] { #expect(!ForeignText.isPrintable("a\(text)b")) }
        #expect(ForeignText.isPrintable("Abrechnung für alle, 100 %"))
    }

    @Test func longTextIsCut() {
        #expect(ForeignText.shortened(String(repeating: "x", count: 100)) == String(repeating: "x", count: 100))
        #expect(ForeignText.shortened(String(repeating: "x", count: 101)) == String(repeating: "x", count: 100) + "…")
        #expect(ForeignText.shortened("a\u{1B}bc", to: 3) == "a\\u{1b}b…")
        #expect(ForeignText.shortened("") == "")
    }

    @Test(
        arguments: [
            ("sasl.username", "sasl.username"), ("reply_partition-2", "reply_partition-2"), ("sasl.password=hidden", "sasl.password…"),
            ("secret hidden", "secret…"), ("node.secret: hidden", "node.secret…"), ("clé", "cl…"), ("key\u{1B}[2J", "key…"),
            ("=hidden", nil), ("<<", nil), ("", nil), ("\u{1B}x", nil),
            // What `openssl rand` makes, in hex and in Base64.
            (String(repeating: "0a", count: 32), nil), (String(repeating: "abc", count: 14) + "d=", nil),
        ] as [(String, String?)])
    func onlyThePartOfAKeyThatLooksLikeANameIsShown(key: String, shown: String?) {
        #expect(ForeignText.name(key) == shown)
    }

    @Test(arguments: [("0", 0), ("8", 8), ("-1", -1), ("010", nil), ("+8", nil), ("1_0", nil), (" 8", nil), ("", nil), ("٣", nil)])
    func numbersAreReadStrictly(text: String, number: Int?) {
        #expect(Int(strictly: text) == number)
    }
}
