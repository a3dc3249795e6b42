import Encoding
import NIOCore
import Support
import Testing

@Suite struct JSONValueTests {
    @Test func orderDuplicatesAndNumberTextSurvive() throws {
        let text = #"{"z":1.10,"a":1e3,"z":[100000000000000000000,-0],"m":{"b":null,"a":true}}"#
        let value = try JSONValue.parse(text)
        #expect(value.text == text)
        #expect(value["z"]?.double == 1.1)
        #expect(value["a"]?.int == nil)
        #expect(value["a"]?.double == 1000)
        #expect(value.members?.count == 4)
        #expect(value["m"]?["b"]?.isNull == true)
        #expect(value["m"]?["a"]?.bool == true)
        #expect(value["nothing"] == nil)
    }

    @Test func escapesOnlyWhatItMust() {
        let value: JSONValue = "a/b\"\\\u{8}\u{9}\u{A}\u{C}\u{D}\u{0}\u{1f}\u{7f}ä\u{2028}😀"
        #expect(value.text == "\"a/b\\\"\\\\\\b\\t\\n\\f\\r\\u0000\\u001F\u{7f}ä\u{2028}😀\"")
    }

    @Test func literalsAndPairsKeepTheirOrder() {
        let missing: String? = nil
        let value: JSONValue = ["b": 1, "a": [true, "x\(1)", .null]]
        #expect(value.text == #"{"b":1,"a":[true,"x1",null]}"#)
        let object = JSONValue.object(["z": 1, "y": missing.map(JSONValue.string), "x": nil, "w": .null])
        #expect(object.text == #"{"z":1,"w":null}"#)
    }

    @Test func readsOnlyTheReadableBytesOfABuffer() throws {
        var buffer = ByteBuffer(string: "x[1]")
        buffer.moveReaderIndex(forwardBy: 1)
        #expect(try JSONValue.parse(buffer) == [1])
    }

    @Test func namesAreComparedByBytes() throws {
        // The same letter to a reader, two different names to JSON.
        let value = try JSONValue.parse("{\"e\u{301}\":1,\"\u{E9}\":2}")
        #expect(value["\u{E9}"]?.int == 2)
    }

    @Test func numbersBeyondDoubleAreNil() throws {
        #expect(try JSONValue.parse("1e999").double == nil)
        #expect(try JSONValue.parse("1e-999").double == 0)
    }

    @Test func parsingRestoresWrittenValues() throws {
        for seed in UInt64(0)..<3000 {
            var random = SeededGenerator(seed: seed)
            let value = random.json()
            let spelled = random.spelling(of: value)
            #expect(try JSONValue.parse(spelled) == value, "seed \(seed)")
            #expect(try JSONValue.parse(value.encoded()) == value, "seed \(seed)")
            #expect(value.encoded().isValidJSON(), "seed \(seed)")
        }
    }
}
