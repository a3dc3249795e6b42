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

    @Test(
        arguments: [
            ("https://n.example", nil), ("http://n.example:8080/a/b/", nil), ("https://n.example/a...b", nil),
            ("n.example", "be an http or https URL"), ("https://u:p@n.example", "be an http or https URL without user information"),
            ("https://n.example/?a", "have no query and no fragment: paths are added to it"),
            ("https://n.example/#a", "have no query and no fragment: paths are added to it"),
            ("https://n.example/a b", "be printable ASCII without blanks"), ("https://n.example/\n", "be printable ASCII without blanks"),
            ("https://n.example/\0", "be printable ASCII without blanks"), ("https://n.example/ä", "be printable ASCII without blanks"),
            ("https://n.example/./a", "have no dot segments in its path"), ("https://n.example/a/%2E.", "have no dot segments in its path"),
            ("https://n.example/" + String(repeating: "a", count: 2031), "have at most 2048 bytes, not 2049"),
        ] as [(String, String?)])
    func pathsCanBeAddedToTheURLOfAServer(url: String, fault: String?) {
        #expect(URLJoin.faultOfBase(url) == fault)
    }

    @Test func aURLToCallMayHaveAQuery() {
        #expect(URLJoin.fault(of: "https://n.example/../a?b#c") == nil)
        #expect(URLJoin.fault(of: "https://n.example/a b") == "be printable ASCII without blanks")
    }

    @Test func serversHaveAHostAndMayHaveAPort() {
        #expect(URLJoin.server("Kafka-1:9092").map { "\($0.host) \($0.port ?? 0)" } == "kafka-1 9092")
        #expect(URLJoin.server("[::1]").map { "\($0.host) \($0.port ?? 0)" } == "[::1] 0")
        for text in ["", ":1", "a:+1", "a:0", "a:65536", "a b", "u@a", "a/b", "[::1"] {
            #expect(URLJoin.server(text)?.host == nil, "\(text)")
        }
    }

    /// Servers drop path parameters before they resolve dots, decode twice, take overlong UTF-8, or end a text at a zero byte.
    @Test(arguments: [
        "a/..;/credentials", "..;a=b/x", "a/.;", "a/%2e%2e;/x", "a/..%3b/x", "%252e%252e/x", "a/%25252e./x", "%c0%ae%c0%ae/x",
        "a%c0%af../x", "..%00/x", "a/..%09", "x%c1%9c..", "%252525252e",
        "%e0%80%ae%e0%80%ae/x", "a/..%e0%80%af", "x%e0%81%9c..", "%f0%80%80%ae./x", "%25c0%25ae./x", "%c0%a52e./x", "%u002e%u002e/x",
        "a%u002F..", "%uff0e./x", "..%20/x", "%20../x", "a/.%20",
    ])
    func segmentsThatSomeServerTakesForDotsAreFound(path: String) {
        #expect(URLJoin.hasDotSegments(path))
        #expect(Route.parse(path: "/ocpi/sender/2.2.1/locations/" + path) == nil)
        #expect(URLJoin.defect(of: "https://cpo.example/ocpi/" + path) != nil)
    }

    @Test(arguments: [
        "a.b", "a..b", "...", "a;b", ";", "DE*CPO*E.1", "%C3%A9.", "a%2Eb", "100%25.", "x/.well-known", "é..", "%u002ea", "%u00e9.",
        "a%20..b", "%e0%a0%ae.", "%ef%bc%8e", "%e0%80",
    ])
    func otherDotsAreNoSuchSegments(path: String) { #expect(!URLJoin.hasDotSegments(path)) }

    /// Some servers ignore a path parameter, so a URL with one must not reach another endpoint.
    @Test func aPathParameterDoesNotMakeAnotherPlace() {
        #expect(URLJoin.depth(of: "https://a/ocpi/credentials;x", below: "https://a/ocpi/credentials")?.below == 0)
        #expect(URLJoin.depth(of: "https://a/ocpi;v=1/credentials/1", below: "https://a/ocpi/credentials")?.below == 1)
    }

    @Test(
        arguments: [
            ("credentials", 0), ("Credentials/x", 1), ("credentials.json", 0), ("credentials%20", 0), ("credentials%09/1", 1),
            (";x/credentials", 0), (";/credentials/1", 1), ("%20/credentials", 0), ("%C2%A0credentials", 0),
            ("credentials%00", 0), ("credentials.", 0), ("credentials~", 0), ("%2563redentials", 0), ("credentials%3fx", 0),
            ("credentials;x", 0), ("%20credentials", 0), ("%63redentials/%ff", 1), ("%c1%a3redentials", 0), ("%u0063redentials", 0),
            ("/credentials", 0), ("credentials%252f1", 1), ("credentials-1", nil), ("credentials_x", nil), ("credentials2", nil),
            ("mycredentials", nil), ("credential", nil), ("x/credentials", nil), ("", nil), ("?credentials", nil),
        ] as [(String, Int?)]) func aPlaceIsKnownInTheSpellingsThatSomeServerTakesForIt(place: String, below: Int?)
    {
        #expect(URLJoin.resemblance(of: "https://a/ocpi/" + place, below: "https://a/ocpi/credentials")?.below == below)
        #expect(URLJoin.resemblance(of: "https://b/ocpi/" + place, below: "https://a/ocpi/credentials") == nil)
    }

    @Test(arguments: [
        "+m=hci", "%20m=hci", "m%00=hci", "m%00x=hci", "m[]=hci", "m%5B0%5D=hci", "M=HCI", "m%20=hci", "m=hci%20", "m=hci.json",
        "%256d=hci",
        "%u006d=hci", "x&m=hci", "x;m=hci", "[m]=hci", "]m=hci", "m]=hci", "[[m=hci",
    ]) func aParameterIsKnownInTheSpellingsThatSomeServerTakesForIt(query: String) {
        let url = "https://a/api?m=locations&" + query
        #expect(URLJoin.resemblance(of: url, below: "https://a/api?m=hci")?.parameters == 1)
        #expect(URLJoin.repeatsParameters(of: "https://a/api?m=locations", in: url))
    }

    @Test func anySegmentOfAnEndpointMayBeSpelledInAnotherWay() {
        for url in ["https://a/2.2.1./credentials", "https://a/2.2.1%20/credentials;x", "https://a/%EF%BB%BF2.2.1/credentials/"] {
            #expect(URLJoin.resemblance(of: url, below: "https://a/2.2.1/credentials")?.below == 0, "\(url)")
        }
        for url in ["https://a/2.2.11/credentials", "https://a/2.2/credentials", "https://a/2.2.1"] {
            #expect(URLJoin.resemblance(of: url, below: "https://a/2.2.1/credentials") == nil, "\(url)")
        }
    }

    @Test func namesWithDotsBlanksAndBracketsAreReadAsFrameworksDo() {
        let endpoint = "https://a/api?ocpi_module=locations"
        for name in ["ocpi.module", "ocpi+module", "ocpi%20module", "ocpi[module", "ocpi_module[]", "[ocpi_module]"] {
            #expect(URLJoin.repeatsParameters(of: endpoint, in: endpoint + "&" + name + "=credentials"), "\(name)")
        }
        for name in ["ocpimodule", "ocpi[module]", "ocpi-module", "module", "ocpi_module_x"] {
            #expect(!URLJoin.repeatsParameters(of: endpoint, in: endpoint + "&" + name + "=x"), "\(name)")
        }
        let filtered = "https://a/api?filter[type]=locations"
        #expect(URLJoin.repeatsParameters(of: filtered, in: filtered + "&filter[type]=x"))
        #expect(!URLJoin.repeatsParameters(of: filtered, in: filtered + "&filter[date]=x"), "another member of an array")
    }

    @Test(arguments: ["", "x", "m=locations", "+M=%6cocations", "mm=hci", "m2=hci", "x=m", "x[m]=hci", "hci", "n=hci"])
    func otherParametersAreOthers(query: String) {
        let url = "https://a/api?m=locations&" + query
        #expect(URLJoin.resemblance(of: url, below: "https://a/api?m=hci") == nil)
        #expect(!URLJoin.repeatsParameters(of: "https://a/api?m=locations", in: url))
        #expect(!URLJoin.repeatsParameters(of: "https://a/api", in: url))
    }

    @Test(
        arguments: [
            ("https://a/c/", "https://a/c/1/2?x=%20", "1/2 x=%20"), ("https://a/c", "https://A:443/c/a%2Fb", "a%2Fb nil"),
            ("https://a/c/", "https://a/c?offset=2", " offset=2"), ("https://a/c", "https://a/c/", " nil"),
            ("https://a", "https://a/1", "1 nil"), ("https://a/api?m=p", "https://a/api?m=p&offset=2", " offset=2"),
            ("https://a/api?m=p", "HTTPS://a/api/1?x=1&M=%70&y", "1 x=1&y"), ("https://a/api?m=p", "https://a/api?m=p", " nil"),
            ("https://a/api?m=p", "https://a/api?m=p&m=p", " m=p"), ("https://a/c", "https://a/c?", " "),
            ("https://a/c", "https://a/cc", nil), ("https://a/c", "https://a/c//1", nil), ("https://a/c", "https://b/c/1", nil),
            ("https://a/c", "http://a/c/1", nil), ("https://a/c", "https://a/C/1", nil), ("https://a/api?m=p", "https://a/api", nil),
            ("https://a/api?m=p&n", "https://a/api?m=p", nil), ("https://a/c", "/c/1", nil),
        ] as [(String, String, String?)]) func remaindersCanBeJoinedToTheirEndpointAgain(endpoint: String, url: String, below: String?)
    {
        let found = URLJoin.remainder(of: url, below: endpoint)
        #expect(found.map { "\($0.path) \($0.query ?? "nil")" } == below)
        guard let found else { return }
        let joined = URLJoin.join(endpoint, found.path, query: found.query)
        #expect(URLJoin.depth(of: joined, below: url) != nil && URLJoin.depth(of: url, below: joined) != nil)
    }

    @Test func randomTextNeverTraps() {
        let parts = ["http", "https", "://", ":", "/", "[", "]", "@", "a", "1", "..", "%2e", "%", "?", "#", "é"]
        for seed in UInt64(0)..<5000 {
            var random = SeededGenerator(seed: seed)
            let text = (0..<Int.random(in: 0..<8, using: &random)).map { _ in random.pick(parts) }.joined()
            if let origin = URLJoin.origin(of: text) { #expect(URLJoin.origin(of: origin) == origin, "seed \(seed)") }
            _ = (URLJoin.hasDotSegments(text), URLJoin.join(text, text, query: text), URLJoin.remainder(of: text, below: "https://a/?1"))
            _ = (URLJoin.resemblance(of: "https://a/" + text, below: "https://a/b?1"), URLJoin.resemblance(of: text, below: text))
        }
    }
}
