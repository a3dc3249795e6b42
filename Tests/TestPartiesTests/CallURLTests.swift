import Testing

@testable import TestParties

@Suite struct CallURLTests {
    @Test func aURLIsTakenApartWithoutChange() throws {
        let url = try #require(CallURL("HTTPS://Hub.Example/a%2fb?c#d"))
        #expect(url.origin == "https://hub.example:443" && url.isEncrypted && url.host == "hub.example" && url.port == 443)
        #expect(url.authority == "Hub.Example" && url.target == "/a%2fb?c")
        let address = try #require(CallURL("http://[::1]:8080"))
        #expect(address.host == "::1" && address.port == 8080 && address.authority == "[::1]:8080" && address.target == "/")
        #expect(CallURL("http://a?b/c#d")?.target == "/?b/c")
    }

    @Test(arguments: ["", "a", "ftp://a/", "http://", "http://a b/", "http://u:p@a/", "http://a:0/"]) func othersAreRefused(url: String) {
        #expect(CallURL(url) == nil)
    }
}
