import Encoding
import Support
import Testing

@Suite struct EncodingTests {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ]) func base64FollowsTheVectorsOfRFC4648(plain: String, encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(plain.utf8))
        #expect(Base64.decode(String(encoded.prefix { $0 != "=" })) == Array(plain.utf8))
        #expect(Base64.encodeURL(Array(plain.utf8)) == encoded.prefix { $0 != "=" })
    }

    @Test(arguments: [
        "Z", "Zg=", "=", "====", "Zg==Zg==", "Zh==", "Zm9=", "Zm9v ", "Zm 9v", "Zm9v\n", "Zm_v", "Zm-v", "Zmé", "Z===", "Zm9vZ===",
    ])
    func base64RefusesEverythingElse(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test func theTwoAlphabetsAreNotMixed() {
        #expect(Base64.encode([0xFB, 0xFF]) == "+/8=")
        #expect(Base64.encodeURL([0xFB, 0xFF]) == "-_8")
        #expect(Base64.decodeURL("-_8=") == [0xFB, 0xFF])
        #expect(Base64.decodeURL("+/8") == nil)
    }

    @Test func hexTakesEitherCaseAndAnOptionalPrefix() {
        #expect(Hex.encode([0x00, 0xAB, 0xFF]) == "00abff")
        #expect(Hex.decode("0x00ABff") == [0x00, 0xAB, 0xFF])
        #expect(Hex.decode("") == [])
        #expect(Hex.decode("0x") == [])
        for bad in ["0", "0x0", "0g", "x0", "0X00", "00 ", "é"] { #expect(Hex.decode(bad) == nil) }
    }

    @Test func randomBytesComeBackAndRandomTextNeverTraps() {
        for seed in UInt64(0)..<3000 {
            var random = SeededGenerator(seed: seed)
            let bytes = random.bytes(Int.random(in: 0..<40, using: &random))
            #expect(Base64.decode(Base64.encode(bytes)) == bytes, "seed \(seed)")
            #expect(Base64.decodeURL(Base64.encodeURL(bytes)) == bytes, "seed \(seed)")
            #expect(Hex.decode(Hex.encode(bytes)) == bytes, "seed \(seed)")
            let text = String(decoding: bytes, as: UTF8.self)
            _ = (Base64.decode(text), Base64.decodeURL(text), Hex.decode(text))
        }
    }

    @Test func uuidsHaveVersionVariantAndTime() throws {
        for (uuid, version) in [(UUIDText.v7(), "7"), (UUIDText.v4(), "4")] {
            let parts = uuid.split(separator: "-")
            #expect(parts.map(\.count) == [8, 4, 4, 4, 12])
            #expect(parts[2].hasPrefix(version))
            #expect("89ab".contains(parts[3].prefix(1)))
            #expect(uuid == uuid.lowercased())
            #expect(Hex.decode(parts.joined()) != nil)
        }
        let before = Timestamp.now.milliseconds
        let time = try #require(Int64(UUIDText.v7().split(separator: "-").prefix(2).joined(), radix: 16))
        #expect((before...Timestamp.now.milliseconds).contains(time))
        #expect(Set((0..<1000).map { _ in UUIDText.v7() }).count == 1000)
        #expect(Set((0..<1000).map { _ in UUIDText.v4() }).count == 1000)
    }
}
