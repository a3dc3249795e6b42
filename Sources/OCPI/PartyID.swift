import Encoding

/// A party of the network: country code and party id (OCPI 2.2.1, 4.1). Both are CiStrings: they compare without case and keep their
/// spelling. Eight bytes, no reference.
package struct PartyID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Bits 0 to 39: the five characters in upper case, first character highest. Bits 40 to 44: which of them are spelled in lower case.
    private let bits: UInt64

    private init(bits: UInt64) { self.bits = bits }

    /// Nil unless these are exactly two and three ASCII letters or digits.
    package init?(country: some StringProtocol, party: some StringProtocol) {
        guard country.utf8.count == 2, party.utf8.count == 3 else { return nil }
        self.init(characters: [Array(country.utf8), Array(party.utf8)].joined())
    }

    /// Parses two path segments, which may be percent-encoded.
    package init?(segments country: some StringProtocol, _ party: some StringProtocol) {
        self.init(country: PercentText.decoded(country, plusIsSpace: false), party: PercentText.decoded(party, plusIsSpace: false))
    }

    /// Parses `DE-CPO` or `DE/CPO`.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == 6, bytes[2] == UInt8(ascii: "-") || bytes[2] == UInt8(ascii: "/") else { return nil }
        self.init(characters: [bytes[..<2], bytes[3...]].joined())
    }

    private init?(characters: some Sequence<UInt8>) {
        var letters: UInt64 = 0
        var lowerCase: UInt64 = 0
        for byte in characters {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
                letters = letters << 8 | UInt64(byte)
                lowerCase <<= 1
            case UInt8(ascii: "a")...UInt8(ascii: "z"):
                letters = letters << 8 | UInt64(byte & 0xDF)
                lowerCase = lowerCase << 1 | 1
            default:
                return nil
            }
        }
        bits = lowerCase << 40 | letters
    }

    /// Two characters, as spelled.
    package var country: String { text(0..<2) }

    /// Three characters, as spelled.
    package var party: String { text(2..<5) }

    /// The same party in upper case.
    package var canonical: PartyID { PartyID(bits: bits & 0xFF_FFFF_FFFF) }

    /// `DE-CPO`, as spelled.
    package var description: String { country + "-" + party }

    /// Compares without case.
    package static func == (left: PartyID, right: PartyID) -> Bool { left.canonical.bits == right.canonical.bits }

    /// Compares by country, then party, without case.
    package static func < (left: PartyID, right: PartyID) -> Bool { left.canonical.bits < right.canonical.bits }

    /// Agrees with `==`.
    package func hash(into hasher: inout Hasher) { hasher.combine(canonical.bits) }

    private func text(_ places: Range<UInt64>) -> String {
        String(
            decoding: places.map { place in
                let letter = UInt8(truncatingIfNeeded: bits >> (8 * (4 - place)))
                return bits >> (44 - place) & 1 == 1 ? letter | 0x20 : letter
            }, as: UTF8.self)
    }
}
