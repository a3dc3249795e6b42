import Encoding
import OCPI
import Testing

@Suite struct TokenTests {
    private func readings(_ header: String) -> [String] { Token.readings(authorization: header).map(\.raw) }

    @Test func triesTheTokenAsItIsAndDecoded() {
        #expect(readings("Token abcd-plain") == ["abcd-plain"])
        #expect(readings("Token ZXhhbXBsZS10b2tlbg==") == ["ZXhhbXBsZS10b2tlbg==", "example-token"])
    }

    @Test func theSpecificationsOwnExampleLosesItsLineFeed() {
        #expect(readings("Token ZXhhbXBsZS10b2tlbgo=").last == "example-token")
    }

    @Test func theSchemeWordDoesNotMatter() {
        for header in ["x-y", "Bearer x-y", "Token  x-y", "Token x-y "] { #expect(readings(header) == ["x-y"]) }
    }

    @Test func nothingIsNoToken() {
        #expect(readings("").isEmpty)
        #expect(readings("  ").isEmpty)
        #expect(readings("Token /w==") == ["/w=="])
        #expect(readings("Token Cgo=") == ["Cgo="])
    }

    @Test func sentTokensAreReadBack() {
        for _ in 0..<50 {
            let token = Token.generate()
            #expect(token.raw.utf8.count == 43)
            #expect(Base64.decodeURL(token.raw)?.count == 32)
            for encoding in TokenEncoding.allCases {
                #expect(readings(token.authorization(encoding: encoding)).contains(token.raw))
            }
        }
        #expect(Token("example-token").authorization(encoding: .base64) == "Token ZXhhbXBsZS10b2tlbg==")
        #expect(Token("example-token").authorization(encoding: .plain) == "Token example-token")
    }

    @Test func neverShowsItself() {
        struct Platform { let token: Token }
        let secret = "s3cr3t"
        var dumped = ""
        dump([Platform(token: Token(secret))], to: &dumped)
        for text in ["\(Token(secret))", String(reflecting: Token(secret)), "\(Platform(token: Token(secret)))", dumped] {
            #expect(!text.contains(secret))
        }
    }
}
