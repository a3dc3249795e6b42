import OCPI
import Support
import Testing

@Suite struct PartyIDPropertyTests {
    /// Five ASCII letters or digits make a party, any other text none.
    @Test func exactlyTwoAndThreeLettersOrDigitsAreAParty() {
        let tempting = Array("AZaz09*-/ \u{0}".utf8) + [0x7F, 0x80, 0xC3, 0xFF]
        for seed in UInt64(0)..<10_000 {
            var random = SeededGenerator(seed: seed)
            let country = (0..<Int.random(in: 1...3, using: &random)).map { _ in random.pick(tempting) }
            let party = (0..<Int.random(in: 2...4, using: &random)).map { _ in random.pick(tempting) }
            let texts = (String(decoding: country, as: UTF8.self), String(decoding: party, as: UTF8.self))
            let isParty = country.count == 2 && party.count == 3 && (country + party).allSatisfy(Self.isLetterOrDigit)
            #expect((PartyID(country: texts.0, party: texts.1) != nil) == isParty, "seed \(seed)")
            for separator in ["-", "/"] {
                #expect((PartyID(texts.0 + separator + texts.1) != nil) == isParty, "seed \(seed)")
            }
        }
    }

    @Test func partiesAreEqualAndOrderedLikeTheirUpperCaseText() throws {
        let letters = Array("abcABC019".utf8)
        for seed in UInt64(0)..<4000 {
            var random = SeededGenerator(seed: seed)
            let texts = (0..<2).map { _ in String(decoding: (0..<5).map { _ in random.pick(letters) }, as: UTF8.self) }
            let parties = try texts.map { text in
                try #require(PartyID(country: text.prefix(2), party: text.suffix(3)), "seed \(seed)")
            }
            let (left, right) = (texts[0].uppercased(), texts[1].uppercased())
            #expect((parties[0] == parties[1]) == (left == right), "seed \(seed)")
            #expect((parties[0] < parties[1]) == (left < right), "seed \(seed)")
            if left == right { #expect(parties[0].hashValue == parties[1].hashValue, "seed \(seed)") }
        }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }
}
