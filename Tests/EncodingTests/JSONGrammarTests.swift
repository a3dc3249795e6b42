import Encoding
import NIOCore
import Support
import Testing

@Suite struct JSONGrammarTests {
    static let good = [
        "null", " true ", "false", "0", "-0", "12.50", "1e3", "1E-07", "-1.0e+2", "\"\"", "[]", "{}", "[ ]", "{ }", "[1,[2],{}]",
        #"{"a":{"b":[1,2,{"c":null}]},"a":2}"#, #""\u0041\n\/\"\\""#, #""\ud83d\ude00""#, #""\ud83d""#, #""\ude00x""#,
        "\"\u{7F}äü😀\u{2028}\"",
        "\t\r\n[\n]\r", "\u{FEFF}1", "\u{FEFF} {}",
    ]
    static let bad = [
        "", " ", "nul", "nulll", "True", "+1", "01", "-", "1.", ".5", "1e", "1e+", "0x1", "NaN", "Infinity", "\"", "\"\\\"", "\"\n\"",
        "\"\u{0}\"",
        #""\x""#, #""\u12""#, #""\u12G4""#, "[", "]", "[1", "[1,]", "[,1]", "[1 2]", "{", "}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}",
        "{'a':1}",
        "{\"a\" 1}", "{,}", "[1]]", "{}{}", "1 2", "// x\n1", "[1]\u{FEFF}", "\u{FEFF}", "\u{FEFF}\u{FEFF}1", " \u{FEFF}1", "\u{A0}1",
    ]

    @Test(arguments: good) func acceptsWhatRFC8259Allows(text: String) throws {
        try JSONScanner.validate(Array(text.utf8).span)
        _ = try JSONValue.parse(text)
    }

    @Test(arguments: bad) func refusesEverythingElseInBothReadersAtTheSamePlace(text: String) throws {
        let bytes = Array(text.utf8)
        let scanned = #expect(throws: JSONError.self) { try JSONScanner.validate(bytes.span) }
        let parsed = #expect(throws: JSONError.self) { try JSONValue.parse(bytes.span) }
        #expect(scanned == parsed)
        #expect((scanned?.offset ?? -1) <= bytes.count)
        #expect(!ByteBuffer(bytes: bytes).isValidJSON())
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xE2, 0x82], [0xF0, 0x8F, 0xBF, 0xBF],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF], [0xE2, 0x28, 0xA1], [0xF0, 0x90, 0x28, 0xBC],
        ] as [[UInt8]]) func refusesBytesThatAreNotUTF8(bytes: [UInt8])
    {
        let text = [UInt8(ascii: "\"")] + bytes + [UInt8(ascii: "\"")]
        #expect(throws: JSONError(offset: 1, reason: "not UTF-8")) { try JSONScanner.validate(text.span) }
    }

    @Test func halfSurrogatesAreReadAsReplacementCharacters() throws {
        #expect(try JSONValue.parse(#""a\ud83dz""#) == "a\u{FFFD}z")
        #expect(try JSONValue.parse(#""\ude00\ud83d\ude00""#) == "\u{FFFD}😀")
        #expect(try JSONValue.parse(#""\ud83d\ud83d\ude00""#) == "\u{FFFD}😀")
    }

    @Test func nestingIsLimitedToWhatTheCallerAllowsAndNeverBeyond512() throws {
        func nested(_ depth: Int) -> [UInt8] { Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8) }
        try JSONScanner.validate(nested(64).span)
        #expect(throws: JSONError(offset: 64, reason: "nested too deeply")) { try JSONScanner.validate(nested(65).span) }
        #expect(throws: JSONError.self) { try JSONValue.parse(nested(3).span, maxDepth: 2) }
        _ = try JSONValue.parse(nested(512).span, maxDepth: .max)
        #expect(throws: JSONError.self) { try JSONScanner.validate(nested(513).span, maxDepth: .max) }
        #expect(throws: JSONError.self) { try JSONScanner.validate(nested(1).span, maxDepth: -1) }
        try JSONScanner.validate(Array("1".utf8).span, maxDepth: .min)
    }

    @Test func neitherReaderTrapsOnRandomBytes() {
        let alphabet = Array(#"{}[]",:\u0019eE+-. truefalsn/ä"#.utf8) + [0xC2, 0xE2, 0xED, 0xF0, 0x80, 0x00]
        for seed in UInt64(0)..<6000 {
            var random = SeededGenerator(seed: seed)
            let length = Int.random(in: 0..<60, using: &random)
            let bytes = seed.isMultiple(of: 2) ? random.bytes(length) : (0..<length).map { _ in random.pick(alphabet) }
            let scanned = (try? JSONScanner.validate(bytes.span)) != nil
            let parsed = (try? JSONValue.parse(bytes.span)) != nil
            #expect(scanned == parsed, "seed \(seed)")
            _ = try? JSONScanner.find(["a", "u"], in: bytes.span)
            let range = random.chance(50) ? -3..<length : Int.random(in: -2...2, using: &random)..<(length + 2)
            _ = JSONScanner.string(at: range, in: bytes.span)
            _ = JSONScanner.integer(at: range, in: bytes.span)
        }
    }

    @Test func everyPrefixOfATextIsRefusedAndEveryChangedByteIsSurvived() throws {
        for seed in UInt64(0)..<150 {
            var random = SeededGenerator(seed: seed)
            var bytes = Array(random.spelling(of: .object(["k": random.json()])).utf8)
            for length in bytes.indices where length > 0 {
                #expect((try? JSONScanner.validate(bytes.span.extracting(0..<length))) == nil, "seed \(seed), \(length) bytes")
            }
            for _ in 0..<20 {
                bytes[Int.random(in: bytes.indices, using: &random)] = random.bytes(1)[0]
                let scanned = (try? JSONScanner.validate(bytes.span)) != nil
                #expect(scanned == ((try? JSONValue.parse(bytes.span)) != nil), "seed \(seed)")
            }
        }
    }
}
