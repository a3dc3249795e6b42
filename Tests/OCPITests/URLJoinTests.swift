import OCPI
import Support
import Testing

@Suite struct URLJoinTests {
    @Test(
        arguments: [
            ("https://a/cdrs", "1/2", nil, "https://a/cdrs/1/2"), ("https://a/cdrs/", "1", "x=%20", "https://a/cdrs/1?x=%20"),
            ("https://a/cdrs/", "/1", nil, "https://a/cdrs/1"), ("https://a/cdrs", "", "x=1", "https://a/cdrs?x=1"),
            ("https://a/cdrs/", "", "", "https://a/cdrs/"), ("https://a/cb?k=1", "", "x=2", "https://a/cb?k=1&x=2"),
            ("https://a/cb?k=1", "r", nil, "https://a/cb/r?k=1"), ("", "", nil, ""),
        ] as [(String, String, String?, String)]) func joinsWithOneSlash(base: String, remainder: String, query: String?, url: String)
    {
        #expect(URLJoin.join(base, remainder, query: query) == url)
    }

    @Test(arguments: [
        ("https://Example.com/x?y", "https://example.com:443"), ("HTTP://a", "http://a:80"), ("http://a:8080#x", "http://a:8080"),
        ("http://a:/x", "http://a:80"), ("https://[2001:DB8::1]:444/", "https://[2001:db8::1]:444"), ("https://[::1]", "https://[::1]:443"),
        ("https://a?x", "https://a:443"),
    ]) func originsAreComparable(url: String, origin: String) {
        #expect(URLJoin.origin(of: url) == origin)
    }

    @Test(arguments: [
        "", "a", "/x", "ftp://a", "https:/a", "https://", "https:///x", "https://u@a", "https://u:p@a/", "https://a\\@b/", "https://a:0",
        "https://a:65536", "https://a:+1", "https://a:1:2", "https://a b/", "https://[::1", "https://[]", "https://[::1]x", "https://[::g]",
        "https://ä.de", "https://a%2eb/", "://a", "javascript:alert(1)",
    ]) func oddURLsHaveNoOrigin(url: String) {
        #expect(URLJoin.origin(of: url) == nil)
    }

    @Test func randomTextNeverTraps() {
        let parts = ["http", "https", "://", ":", "/", "[", "]", "@", "a", "1", "..", "%2e", "%", "?", "#", "é"]
        for seed in UInt64(0)..<5000 {
            var random = SeededGenerator(seed: seed)
            let text = (0..<Int.random(in: 0..<8, using: &random)).map { _ in random.pick(parts) }.joined()
            if let origin = URLJoin.origin(of: text) { #expect(URLJoin.origin(of: origin) == origin, "seed \(seed)") }
            _ = (URLJoin.hasDotSegments(text), URLJoin.join(text, text, query: text))
        }
    }
}
