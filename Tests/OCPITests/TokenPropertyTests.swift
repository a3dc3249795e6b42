import Encoding
import OCPI
import Support
import Testing

@Suite struct TokenPropertyTests {
    /// What OCPI allows in a token: printable ASCII without blanks, 1 to 64 characters.
    @Test func everyTokenThatOCPIAllowsIsReadBackInBothEncodings() {
        for seed in UInt64(0)..<4000 {
            var random = SeededGenerator(seed: seed)
            let bytes = (0..<Int.random(in: 1...64, using: &random)).map { _ in UInt8.random(in: 0x21...0x7E, using: &random) }
            let token = Token(String(decoding: bytes, as: UTF8.self))
            for encoding in TokenEncoding.allCases {
                let readings = Token.readings(authorization: token.authorization(encoding: encoding))
                #expect(readings.contains { $0.raw == token.raw }, "seed \(seed), \(encoding)")
                #expect(readings.count <= 2, "seed \(seed)")
            }
            let withLineFeed = "Token " + Base64.encode(bytes + Array("\n".utf8))
            #expect(Token.readings(authorization: withLineFeed).last?.raw == token.raw, "seed \(seed)")
        }
    }

    @Test func anyHeaderIsReadWithoutATrapAndNeverAsAnEmptyToken() {
        for seed in UInt64(0)..<6000 {
            var random = SeededGenerator(seed: seed)
            let noise = random.bytes(Int.random(in: 0..<24, using: &random))
            let text = random.chance(50) ? String(decoding: noise, as: UTF8.self) : Base64.encode(noise)
            for header in [text, "Token " + text, "Token  " + text + " "] {
                let readings = Token.readings(authorization: header)
                #expect(readings.count <= 2, "seed \(seed)")
                #expect(!readings.contains { $0.raw.isEmpty }, "seed \(seed)")
                #expect(readings.first.map { !$0.raw.utf8.contains(UInt8(ascii: " ")) } ?? true, "seed \(seed)")
            }
        }
    }
}
