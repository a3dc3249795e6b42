import NIOCore
import Support
import Testing
import Wire

@Suite struct JSONScannerTests {
    let body = ByteBuffer(
        string: #" { "id" : "1\u00e4" , "t":{"uid":"A","uid":"B"}, "n":-12, "f":1.0, "t":{"x":1}, "\u006be\u0079":"escaped name" } "#)

    @Test func findsValuesByPath() throws {
        let range = try #require(try body.jsonRange(of: ["t", "uid"]))
        #expect(body.getString(at: body.readerIndex + range.lowerBound, length: range.count) == #""A""#)
        #expect(body.jsonString(["id"]) == "1ä")
        #expect(body.jsonInteger(["n"]) == -12)
        #expect(body.jsonString(["key"]) == "escaped name")
    }

    @Test func theFirstOfEqualNamesCountsAlsoOnTheWay() throws {
        #expect(try body.jsonRange(of: ["t", "x"]) == nil)
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

    @Test func readsNoFurtherThanNeeded() throws {
        #expect(ByteBuffer(string: #"{"a":1, broken"#).jsonInteger(["a"]) == 1)
        #expect(throws: JSONError.self) { try ByteBuffer(string: #"{"a":1, broken"#).jsonRange(of: ["b"]) }
        #expect(throws: JSONError.self) { try ByteBuffer(string: "oops").jsonRange(of: ["b"]) }
    }

    @Test func rangesCountFromTheReaderIndex() throws {
        var buffer = ByteBuffer(string: #"xx{"a":"b"}"#)
        buffer.moveReaderIndex(forwardBy: 2)
        let range = try #require(try buffer.jsonRange(of: ["a"]))
        #expect(range == 5..<8)
        #expect(String(buffer: buffer.replacing(range, with: #""c/d""#.utf8)) == #"{"a":"c/d"}"#)
        #expect(String(buffer: buffer) == #"{"a":"b"}"#)
    }

    @Test func replacingCutsOffWhatLiesOutside() {
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

    @Test func findsTheSameAsTheTree() throws {
        for seed in UInt64(0)..<3000 {
            var random = SeededGenerator(seed: seed)
            let value = JSONValue.object(["a": random.json(), "b": random.json()])
            let buffer = ByteBuffer(string: random.spelling(of: value))
            let path = (0..<Int.random(in: 0..<4, using: &random)).map { _ in random.name() }
            let expected = path.reduce(JSONValue?.some(value)) { $0?[$1] }
            let range = try buffer.jsonRange(of: path)
            let found = try range.flatMap { try buffer.getSlice(at: $0.lowerBound, length: $0.count).map { try JSONValue.parse($0) } }
            #expect(found == expected, "seed \(seed)")
            #expect(buffer.jsonString(path) == expected?.string, "seed \(seed)")
            #expect(buffer.jsonInteger(path) == expected?.int, "seed \(seed)")
        }
    }
}
