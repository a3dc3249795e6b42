import OCPI
import Support
import Testing

/// RFC 3986, section 5.
@Suite struct URLReferenceTests {
    private static let base = "http://a/b/c/d;p?q"

    @Test(
        "The examples of RFC 3986, 5.4.1",
        arguments: [
            ("g:h", "g:h"), ("g", "http://a/b/c/g"), ("./g", "http://a/b/c/g"), ("g/", "http://a/b/c/g/"), ("/g", "http://a/g"),
            ("//g", "http://g"), ("?y", "http://a/b/c/d;p?y"), ("g?y", "http://a/b/c/g?y"), ("#s", "http://a/b/c/d;p?q#s"),
            ("g#s", "http://a/b/c/g#s"), ("g?y#s", "http://a/b/c/g?y#s"), (";x", "http://a/b/c/;x"), ("g;x", "http://a/b/c/g;x"),
            ("g;x?y#s", "http://a/b/c/g;x?y#s"), ("", "http://a/b/c/d;p?q"), (".", "http://a/b/c/"), ("./", "http://a/b/c/"),
            ("..", "http://a/b/"), ("../", "http://a/b/"), ("../g", "http://a/b/g"), ("../..", "http://a/"), ("../../", "http://a/"),
            ("../../g", "http://a/g"),
        ])
    func usual(_ reference: String, _ expected: String) {
        #expect(URLReference.resolve(reference, against: Self.base) == expected)
    }

    @Test(
        "The examples of RFC 3986, 5.4.2",
        arguments: [
            ("../../../g", "http://a/g"), ("../../../../g", "http://a/g"), ("/./g", "http://a/g"), ("/../g", "http://a/g"),
            ("g.", "http://a/b/c/g."), (".g", "http://a/b/c/.g"), ("g..", "http://a/b/c/g.."), ("..g", "http://a/b/c/..g"),
            ("./../g", "http://a/b/g"), ("./g/.", "http://a/b/c/g/"), ("g/./h", "http://a/b/c/g/h"), ("g/../h", "http://a/b/c/h"),
            ("g;x=1/./y", "http://a/b/c/g;x=1/y"), ("g;x=1/../y", "http://a/b/c/y"), ("g?y/./x", "http://a/b/c/g?y/./x"),
            ("g?y/../x", "http://a/b/c/g?y/../x"), ("g#s/./x", "http://a/b/c/g#s/./x"), ("g#s/../x", "http://a/b/c/g#s/../x"),
            ("http:g", "http:g"),
        ])
    func unusual(_ reference: String, _ expected: String) {
        #expect(URLReference.resolve(reference, against: Self.base) == expected)
    }

    @Test(
        "What parties write in Link and Location",
        arguments: [
            ("?offset=1", "https://cpo.example/ocpi/locations", "https://cpo.example/ocpi/locations?offset=1"),
            ("?offset=2", "https://cpo.example/ocpi/locations?offset=1&x=%2F", "https://cpo.example/ocpi/locations?offset=2"),
            ("locations?offset=1", "https://cpo.example/ocpi/locations", "https://cpo.example/ocpi/locations?offset=1"),
            ("./?offset=1", "https://cpo.example/ocpi/locations/", "https://cpo.example/ocpi/locations/?offset=1"),
            ("//other.example:8443/p", "https://cpo.example/ocpi/locations", "https://other.example:8443/p"),
            ("C1", "https://msp.example:8443/ocpi/cdrs", "https://msp.example:8443/ocpi/C1"),
            ("cdrs/C1", "https://msp.example/ocpi/cdrs", "https://msp.example/ocpi/cdrs/C1"),
            ("C1", "https://msp.example", "https://msp.example/C1"), ("?x", "https://msp.example", "https://msp.example?x"),
        ])
    func fromTheField(_ reference: String, _ base: String, _ expected: String) {
        #expect(URLReference.resolve(reference, against: base) == expected)
    }

    @Test(
        "No byte is written in another way",
        arguments: [#"?f[x]=a%20b&g="{}|^\<>`&h=%"#, "A|B%20C%2f", "ä%C3%A4", "a b", "%2e%2e/x", "x:1"])
    func bytesStay(_ text: String) {
        let whole = "http://CPO.example:80/Ocpi/"
        #expect(URLReference.resolve("./" + text, against: whole) == whole + text)
        #expect(URLReference.resolve(whole + text, against: "https://a/b") == whole + text)
    }

    @Test(arguments: UInt64(1)...4) func resolvedURLsStayUnchanged(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let pieces = ["/", "..", ".", "a", "?", "#", "//", "%2E", "é", ";", "@", "[", " "]
        for _ in 0..<1000 {
            let reference = (0..<Int.random(in: 0...8, using: &random)).map { _ in random.pick(pieces) }.joined()
            let resolved = URLReference.resolve(reference, against: "https://h:1/x/y?z")
            #expect(URLReference.resolve(resolved, against: "https://other/") == resolved, "\(reference), seed \(seed)")
        }
    }
}
