import Encoding
import Testing

@Suite struct YAMLIndicatorsTests {
    private func found(_ text: String) -> [String] { YAMLIndicators.found(in: text).map { "\($0.indicator.rawValue)\($0.line)" } }

    @Test(arguments: [
        ("*x", ["*1"]), ("a: *x", ["*1"]), ("a:\n  *x", ["*2"]), ("a:\n- *x", ["*2"]), ("[a, *x]", ["*1"]), ("[*x]", ["*1"]),
        ("{ a: *x }", ["*1"]), ("{*x : y}", ["*1"]), ("? *x : y", ["*1"]), ("? *x\n: y", ["*1"]), ("a: b\n? [c]\n: *x", ["*3"]),
        ("*x : y", ["*1"]), ("<<: *x", ["*1"]), ("---\n- - *x", ["*2"]), ("a: 'b'\nc: *x", ["*2"]), ("a: \"b\\\"\"\nc: *x", ["*2"]),
        ("a: 'it''s'\nc: *x", ["*2"]), ("# *y\na: *x", ["*2"]), ("a: b # c\nd: *x", ["*2"]), ("a: |\n  *y\nb: *x", ["*3"]),
        ("a: >-\n  *y\n\n  *z\nb: *x", ["*5"]), ("a:\n  - b: |\n      *y\n    c: *x", ["*4"]), ("a: |2\n    *y\n b: *x", ["*3"]),
        ("a: b\n  *y\nc: *x", ["*3"]), ("\u{FEFF}*x", ["*1"]), ("a: b\r\nc: *x", ["*2"]), ("# a\u{2028}b: *x", ["*2"]),
        ("a: &x 1", ["&1"]), ("&x a: 1", ["&1"]), ("a: !x b", ["!1"]), ("a: !!str b\nc: !d", ["!1"]), ("[!x]", ["!1"]),
        ("a: &x\n  b: !c d\ne: *x\nf: *x", ["&1", "!2", "*3"]), ("%YAML 1.1\n---\na: *x", ["*3"]),
    ])
    func indicatorsAreFoundWithTheirLine(text: String, indicators: [String]) {
        #expect(found(text) == indicators)
    }

    @Test(arguments: [
        "", "a: \"a * b\"", "a: '*x'", "a: \"*x\"", "# *x", "a: b # *x", "pattern: a*b", "a: b *c &d !e", "a: b\n  *c",
        "a: |\n  *b\n  &c\n",
        "a: >\n\n  *b", "- |\n *b", "a: |+1\n  *b", "a:\n  - |\n    *b\n  - >-\n    !c", "--- |\n *b", "a: 'b\n  *c\n  '",
        "a: \"b\n  \\\n  *c\"",
        "[a *b, c&d, e!f]", "{ a: b*c }", "{ \"*a\": '*b' }", "a: http://b/*c", "a: b:*c", "a: -*b", "a: b#*c", "a: 2*3", "key*: x",
        "nodes: [{ operator: \"0x1\", url: https://n.example }] # &x",
    ])
    func elsewhereTheSameCharactersAreText(text: String) {
        #expect(found(text) == [])
    }

    @Test func afterABlockScalarTheRestIsReadAgain() {
        // The second key stands less deep than the text, the third as deep as the first.
        #expect(found("a:\n  b: |\n    text\n  c: *x") == ["*4"])
        #expect(found("a: |\n\n\n  text\n\n\nb: *x") == ["*7"])
        #expect(found("- |\n  text\n- *x") == ["*3"])
        #expect(found("? |\n  text\n: *x") == ["*3"])
    }

    @Test func aTextThatIsNoYAMLEndsTheSearchSomewhere() {
        let parts = [
            "*", "&", "!", "|", ">", "'", "\"", "[", "]", "{", "}", ",", ":", "- ", "? ", "#", "\n", " ", "a", "\\", "%", "\t", "é", "\0",
        ]
        var seed: UInt64 = 1
        for _ in 0..<2000 {
            var text = ""
            for _ in 0..<12 {
                seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                text += parts[Int(seed >> 33) % parts.count]
            }
            #expect(YAMLIndicators.found(in: text).count <= 3)
        }
    }

    @Test func theMessageSaysWhatToDo() {
        #expect(
            YAMLIndicators.found(in: "a: *hidden").map(\.description) == [
                "what begins with * must be quoted: it would be an alias of YAML, which is not supported here"
            ])
    }
}
