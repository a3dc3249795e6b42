import Encoding
import NIOCore
import Support
import Testing

@Suite struct JSONScannerTests {
    let body = ByteBuffer(
        string: #" { "id" : "1\u00e4" , "t":{"uid":"A"}, "n":-12, "f":1.0, "s":{"x":1,"x":1}, "\u006be\u0079":"escaped name" } "#)

    @Test func findsValuesByPath() throws {
        let range = try #require(try body.jsonRange(of: ["t", "uid"]))
        #expect(body.getString(at: body.readerIndex + range.lowerBound, length: range.count) == #""A""#)
        #expect(body.jsonString(["id"]) == "1ä")
        #expect(body.jsonInteger(["n"]) == -12)
        #expect(body.jsonString(["key"]) == "escaped name")
    }

    @Test(arguments: [
        (#"{"a":1,"a":1}"#, ["a"]), (#"{"a":1,"b":[],"\u0061":2}"#, ["a"]), (#"{"a":{"b":1},"a":{}}"#, ["a", "b"]),
        (#"{"a":{"c":1}, "a":{"b":1}}"#, ["a", "b"]), (#"{"a":{"b":1,"b":1}}"#, ["a", "b"]), (#"{"a":{},"b":2,"a":1}"#, ["a", "x", "y"]),
    ]) func repeatedMembersOnThePathAreErrors(_ text: String, _ path: [String]) throws {
        let buffer = ByteBuffer(string: text)
        let error = #expect(throws: JSONError.self) { try buffer.jsonRange(of: path) }
        #expect(error?.isRepetition == true && buffer.jsonInteger(path) == nil)
        #expect(try JSONScanner.repeated(among: [["x"], path], in: buffer.readableBytesUInt8Span) != nil)
    }

    @Test func otherMembersMayBeRepeated() throws {
        let buffer = ByteBuffer(string: #"{"a":{"x":1,"x":2,"b":5},"c":1,"c":2,"d":[{"a":1,"a":2}]}"#)
        #expect(buffer.jsonInteger(["a", "b"]) == 5 && buffer.jsonInteger(["c"]) == nil)
        #expect(try JSONScanner.repeated(among: [["a", "b"], ["a"], ["d", "a"]], in: buffer.readableBytesUInt8Span) == nil)
        #expect(try JSONScanner.repeated(among: [["a", "b"], ["a", "x"], ["c"]], in: buffer.readableBytesUInt8Span) == "a.x")
        #expect(throws: JSONError.self) { try JSONScanner.repeated(among: [["a"]], in: Array("{} x".utf8).span) }
    }

    @Test func repeatedNamesInATreeAreReported() throws {
        let value = try JSONValue.parse(#"{"a":1,"b":2,"a":3,"\u0062":4}"#)
        #expect(value.repeated(among: ["c", "b", "a"]) == "b" && value.repeated(among: ["c"]) == nil)
        #expect(JSONValue.array([]).repeated(among: ["a"]) == nil)
    }

    @Test func absentAndOtherKindsAreNil() throws {
        #expect(try body.jsonRange(of: ["missing"]) == nil)
        #expect(try body.jsonRange(of: ["id", "deeper"]) == nil)
        #expect(body.jsonString(["n"]) == nil)
        #expect(body.jsonInteger(["f"]) == nil)
        #expect(body.jsonInteger(["id"]) == nil)
        #expect(try ByteBuffer(string: "[1]").jsonRange(of: ["a"]) == nil)
        #expect(try ByteBuffer(string: "{}").jsonRange(of: ["a"]) == nil)
    }

    @Test func theEmptyPathIsTheWholeValue() throws {
        #expect(try ByteBuffer(string: " [1] ").jsonRange(of: []) == 1..<4)
    }

    @Test(arguments: [#"{"a":1, broken"#, #"{"a":1} x"#, #"{"a":1}{"a":2}"#, "oops", "", #"{"a":1,"b":[1,}"#])
    func textThatIsNotJSONToItsEndIsNotSearched(_ text: String) {
        for path in [["a"], ["b"], []] {
            let error = #expect(throws: JSONError.self) { try ByteBuffer(string: text).jsonRange(of: path) }
            #expect(error?.isRepetition == false)
        }
    }

    @Test func rangesCountFromTheReaderIndex() throws {
        var buffer = ByteBuffer(string: #"xx{"a":"b"}"#)
        buffer.moveReaderIndex(forwardBy: 2)
        let range = try #require(try buffer.jsonRange(of: ["a"]))
        #expect(range == 5..<8)
        #expect(String(buffer: buffer.replacing(range, with: #""c/d""#.utf8)) == #"{"a":"c/d"}"#)
        #expect(String(buffer: buffer) == #"{"a":"b"}"#)
    }

    @Test func replacingIgnoresTheRangeOutside() {
        let buffer = ByteBuffer(string: "abc")
        #expect(String(buffer: buffer.replacing(-5..<1, with: "X".utf8)) == "Xbc")
        #expect(String(buffer: buffer.replacing(2..<99, with: "X".utf8)) == "abX")
        #expect(String(buffer: buffer.replacing(50..<99, with: "X".utf8)) == "abcX")
        #expect(String(buffer: buffer.replacing(1..<1, with: [])) == "abc")
    }

    @Test(
        arguments: [
            ("9223372036854775807", Int.max), ("-9223372036854775808", Int.min), ("-0", 0), ("0", 0), ("1000", 1000),
            ("9223372036854775808", nil), ("-9223372036854775809", nil), ("99999999999999999999999", nil), ("1.0", nil), ("1e3", nil),
            ("01", nil),
            ("-", nil), ("", nil), ("\"1\"", nil), ("1 ", nil),
        ] as [(String, Int?)]) func integersFitOrAreNil(text: String, value: Int?)
    {
        #expect(JSONScanner.integer(at: 0..<text.utf8.count, in: Array(text.utf8).span) == value)
    }

    @Test func stringsNeedExactlyTheirPlace() {
        let json = Array(#"{"a":"b\tc"}"#.utf8)
        #expect(JSONScanner.string(at: 5..<11, in: json.span) == "b\tc")
        for range in [4..<11, 5..<10, 5..<12, 6..<10, 5..<99, -1..<3, 5..<5] {
            #expect(JSONScanner.string(at: range, in: json.span) == nil)
        }
    }

    @Test func elementsAreCountedAsTheTreeHasThem() throws {
        for seed in UInt64(0)..<2000 {
            var random = SeededGenerator(seed: seed)
            let value = random.json()
            let buffer = ByteBuffer(string: random.spelling(of: value))
            #expect(buffer.jsonElementCount() == value.array?.count, "seed \(seed)")
        }
        let deepest = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        for (text, count) in [
            ("[]", 0), (" [ ] ", 0), ("[[0],[0,1]]", 2), ("[1,2,{},\"],[\"]", 4), (deepest, 1), ("[\(deepest)]", nil), ("{}", nil),
            ("\"[]\"", nil), ("", nil), ("[1,]", nil), ("[1] 2", nil), ("[", nil), ("[1 2]", nil), ("{} x", nil),
        ] as [(String, Int?)] {
            #expect(ByteBuffer(string: text).jsonElementCount() == count, "\(text)")
        }
    }

    @Test func findsTheSameAsTheTree() throws {
        for seed in UInt64(0)..<3000 {
            var random = SeededGenerator(seed: seed)
            let value = JSONValue.object(["a": random.json(), "b": random.json()])
            let buffer = ByteBuffer(string: random.spelling(of: value))
            let path = (0..<Int.random(in: 0..<4, using: &random)).map { _ in random.name() }
            let levels = path.indices.map { path[..<$0].reduce(JSONValue?.some(value)) { $0?[$1] } }
            guard !zip(levels, path).contains(where: { $0?.repeated(among: [$1]) != nil }) else {
                #expect(throws: JSONError.self, "seed \(seed)") { try buffer.jsonRange(of: path) }
                #expect(try JSONScanner.repeated(among: [path], in: buffer.readableBytesUInt8Span) != nil, "seed \(seed)")
                continue
            }
            #expect(try JSONScanner.repeated(among: [path], in: buffer.readableBytesUInt8Span) == nil, "seed \(seed)")
            let expected = path.reduce(JSONValue?.some(value)) { $0?[$1] }
            let range = try buffer.jsonRange(of: path)
            let found = try range.flatMap { try buffer.getSlice(at: $0.lowerBound, length: $0.count).map { try JSONValue.parse($0) } }
            #expect(found == expected, "seed \(seed)")
            #expect(buffer.jsonString(path) == expected?.string, "seed \(seed)")
            #expect(buffer.jsonInteger(path) == expected?.int, "seed \(seed)")
        }
    }
}
