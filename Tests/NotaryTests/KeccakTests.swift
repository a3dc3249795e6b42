import Encoding
import Notary
import Testing

@Suite struct KeccakTests {
    /// Bytes 0, 7, 14, ... modulo 256.
    private func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    }

    @Test func knownTexts() {
        #expect(Hex.encode(Keccak256.hash([])) == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470")
        #expect(Hex.encode(Keccak256.hash(Array("abc".utf8))) == "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45")
    }

    @Test(arguments: [
        (1, "bc36789e7a1e281436464229828f817d6612f7b477d66591ff96a9e064bcc98a"),
        (135, "154f5dc27520a599653a2b10189cf53f5ce03b7c594d11fd98f67012ea304b6c"),
        (136, "81e7ecb492d033f1692e770a6eb874e70aac45ec10da93483fc8d3537805c097"),
        (137, "a595973359b39ba1fec5cf8f40710c5a213e76281dd4f174f1ea83106ee7759b"),
        (271, "f0f79e1b757cfc6a5cb0263d2636afe57489bb73ab924b875b896868a9fb3cf4"),
        (272, "99d5a295c114ab3f94028d25825ea798399dacfc613f0193fb32c3c4973f1777"),
        (1000, "82bc59cea7b5eac6d5e84cfabd1450ecba233bc6c0b375bda57dd7848a088ce6"),
    ])
    func lengthsAroundTheBlockSize(_ length: Int, _ digest: String) {
        #expect(Hex.encode(Keccak256.hash(bytes(length))) == digest)
    }

    @Test func piecesOfAnyLengthGiveTheSameDigest() {
        let whole = bytes(1000)
        for step in [1, 3, 7, 8, 9, 64, 135, 136, 137, 999] {
            var hash = Keccak256()
            var rest = whole[...]
            while !rest.isEmpty {
                hash.update(Array(rest.prefix(step)).span)
                rest = rest.dropFirst(step)
            }
            #expect(hash.finish() == Keccak256.hash(whole), "in steps of \(step)")
        }
    }
}
