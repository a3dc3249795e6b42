import NIOHTTP1
import Testing

@testable import Inbound

@Suite struct HeadRulesTests {
    private func rules(_ headers: HTTPHeaders, version: HTTPVersion = .http1_1, method: HTTPMethod = .GET) -> HeadRules {
        HeadRules(HTTPRequestHead(version: version, method: method, uri: "/", headers: headers))
    }

    @Test(arguments: ["a", "a:80", "a:", "127.0.0.1:8080", "[::1]", "[::1]:80", "xn--4ca.example", "a_b", "hub.example."])
    func aHostIsAHost(text: String) {
        #expect(rules(["Host": text]).refusal == nil)
        #expect(HeadRules.isAuthority(text))
    }

    @Test(arguments: ["", ":80", "a b", "a/b", "u@a", "a:b", "a:123456", "a:1:2", "[]", "[::1", "[::1]x", "[::1]:x", "a,b@c", "a\"b", "é"])
    func invalidHostsAreRefused(text: String) {
        #expect(rules(["Host": text]).refusal?.status == .badRequest)
    }

    @Test func connectionOptionsAreReadAsAList() {
        #expect(rules(["Host": "a"]).persists)
        #expect(rules(["Host": "a", "Connection": "keep-alive, TE"]).persists)
        #expect(!rules(["Host": "a", "Connection": "TE , CLOSE"]).persists)
        #expect(!rules([:], version: .http1_0).persists)
        #expect(rules(["Connection": "Keep-Alive"], version: .http1_0).persists)
        #expect(rules(["Host": "a", "Connection": "closed"]).persists, "only the whole word counts")
        #expect(rules(["Host": "a", "Connection": "upgrade"]).persists, "without what to upgrade to it says nothing")
    }

    @Test(
        arguments: [
            ("/a?b", "/a?b"), ("//a/b", "//a/b"), ("http://h/a|b%20?x=[1]", "/a|b%20?x=[1]"), ("HTTPS://h:1", "/"), ("http://h?x", "/?x"),
            ("http:///a", nil), ("ftp://h/a", nil), ("h:80", nil), ("", nil),
        ] as [(String, String?)])
    func anAbsoluteTargetLosesSchemeAndHostOnly(target: String, path: String?) {
        #expect(HeadRules.originForm(target, .GET) == path)
    }

    @Test func theAsteriskIsForOptions() {
        #expect(HeadRules.originForm("*", .OPTIONS) == "*")
        #expect(HeadRules.originForm("*", .GET) == nil)
    }
}
