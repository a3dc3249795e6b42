import Credentials
import Encoding
import NIOCore
import OCPI
import Synchronization
import Testing

@testable import Directory
@testable import Ingress

/// An endpoint with an unusable URL is refused at registration, not ignored: otherwise its callers would be told that it does not exist, or
/// that a broadcast succeeded.
@Suite struct EndpointURLTests {
    private static let cases: [(url: String, reason: String)] = [
        ("https://new.example/t#x", "has a fragment"), ("https://new.example/t ", "contains blanks or control characters"),
        ("https://new.example ", "contains blanks or control characters"),
        (" https://new.example/t", "contains blanks or control characters"),
        ("https://new.example/a/../t", "has a segment . or .."), ("https://new.example/%2e%2E", "has a segment . or .."),
        ("https://u:hidden@new.example/t", "is not an absolute http or https URL without user information"),
        ("https://new.example:99999/t", "is not an absolute http or https URL"), ("/t", "is not an absolute http or https URL"),
        ("//new.example/t", "is not an absolute http or https URL"), ("", "is not an absolute http or https URL"),
        ("ftp://new.example/t", "is not an absolute http or https URL"),
    ]

    /// The platform of other tests, with one more endpoint.
    private static func offering(_ url: String, as module: String = "tariffs") -> @Sendable (String, String) -> PeerAnswer? {
        { asked, token in
            guard !asked.hasSuffix("versions"), let good = CredentialsTests.good(asked, token) else {
                return CredentialsTests.good(asked, token)
            }
            let more = #",{"identifier":"\#(module)","role":"RECEIVER","url":\#(JSONValue.string(url).text)}]}}"#
            return PeerAnswer(httpStatus: 200, body: ByteBuffer(string: String(String(buffer: good.body).dropLast("]}}".count)) + more))
        }
    }

    @Test(arguments: cases, OCPIVersion.allCases)
    func isRefusedWithItsReason(_ bad: (url: String, reason: String), _ version: OCPIVersion) async throws {
        let ingress = TestIngress(peer: Self.offering(bad.url))
        let answer = try await ingress.ask(
            "POST", "/ocpi/\(version.rawValue)/credentials", CredentialsTests.tokenA, body: CredentialsTests.body())
        #expect(answer.status == 200 && answer.code == 3001)
        let message = try #require(answer.message)
        #expect(message.hasSuffix("the URL of tariffs RECEIVER \(bad.reason)") && !message.contains("hidden"), "\(message)")
        let directory = ingress.state.withLock { $0.directory }
        #expect(directory.platform(of: party("AT-NEW")) == nil && directory.endpoints(of: "new").isEmpty)
        #expect(try await ingress.ask("GET", "/ocpi/versions", CredentialsTests.tokenA).status == 200, "token A is good for another try")
    }

    @Test func soIsThatOfACustomModuleUnlessItIsOfAnotherKind() async throws {
        for (url, code) in [("https://u:p@new.example/t", 3001), ("HTTPS://new.example/t#x", 3001), ("wss://new.example/t#x", 1000)] {
            let ingress = TestIngress(peer: Self.offering(url, as: "tunnel"))
            let answer = try await ingress.ask(
                "POST", "/ocpi/2.2.1/credentials", CredentialsTests.tokenA, body: CredentialsTests.body())
            #expect(answer.code == code, "\(url)")
        }
    }

    @Test func aPlatformThatChangesItsEndpointsKeepsTheOldOnes() async throws {
        let ingress = TestIngress(peer: Self.offering("https://new.example/t#x"))
        let headers = ["Authorization": TestIngress.tokenCPO.authorization(encoding: .base64)]
        let before = ingress.state.withLock { $0.directory.endpoints(of: "cpo") }
        let answer = try await ingress.ask(
            "PUT", "/ocpi/2.2.1/credentials", headers, body: CredentialsTests.body(roles: [("CPO", "DE-CPO"), ("CPO", "CH-CPO")]))
        #expect(answer.code == 3001 && answer.message?.hasSuffix("the URL of tariffs RECEIVER has a fragment") == true)
        #expect(ingress.state.withLock { $0.directory.endpoints(of: "cpo") } == before && !before.isEmpty)
        #expect(try await ingress.ask("GET", "/ocpi/versions", headers).status == 200, "and its token")
    }
}
