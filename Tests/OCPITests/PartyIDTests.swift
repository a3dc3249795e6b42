import OCPI
import Support
import Testing

@Suite struct PartyIDTests {
    @Test func comparesWithoutCaseAndKeepsItsSpelling() throws {
        let mixed = try #require(PartyID(country: "dE", party: "c0P"))
        let upper = try #require(PartyID("DE-C0P"))
        #expect(mixed == upper)
        #expect(mixed.hashValue == upper.hashValue)
        #expect(!(mixed < upper) && !(upper < mixed))
        #expect(mixed.description == "dE-c0P")
        #expect(mixed.country == "dE")
        #expect(mixed.party == "c0P")
        #expect(mixed.canonical.description == "DE-C0P")
        #expect(PartyID("de/Cpo")?.description == "de-Cpo")
        #expect(MemoryLayout<PartyID>.size == 8)
    }

    @Test func sortsByCountryThenParty() throws {
        let sorted = ["de-ZZZ", "AT-abc", "DE-aaa", "DE-A1A"].compactMap { PartyID($0) }.sorted()
        #expect(sorted.map(\.description) == ["AT-abc", "DE-A1A", "DE-aaa", "de-ZZZ"])
    }

    @Test(arguments: [
        "", "DE", "DE-", "DE-CP", "DE-CPOX", "DECPO", "DE_CPO", "DE-C*O", "D*-CPO", "DE--PO", " E-CPO", "É-CPO", "DÉ-CPO", "DE-CPO ",
        "DE/C/O",
    ])
    func refusesEverythingElse(text: String) {
        #expect(PartyID(text) == nil)
    }

    @Test(arguments: [("DE", "CP"), ("D", "CPO"), ("DEU", "CPO"), ("DE", "CPOX"), ("", ""), ("É", "CPO"), ("DE", "éP")])
    func refusesOtherLengths(country: String, party: String) {
        #expect(PartyID(country: country, party: party) == nil)
    }

    @Test func segmentsOfAPathMayBeEncoded() throws {
        #expect(PartyID(segments: "d%65", "CP%4f")?.description == "de-CPO")
        #expect(PartyID(segments: "DE", "C+O") == nil && PartyID(segments: "DE", "%2FCPO") == nil && PartyID(segments: "DE", "CP%4") == nil)
    }

    @Test func everyPartyReadsBackAndRandomTextNeverTraps() throws {
        let letters = Array("ABCXYZabcxyz0189".utf8)
        for seed in UInt64(0)..<5000 {
            var random = SeededGenerator(seed: seed)
            let country = String(decoding: (0..<2).map { _ in random.pick(letters) }, as: UTF8.self)
            let party = String(decoding: (0..<3).map { _ in random.pick(letters) }, as: UTF8.self)
            let id = try #require(PartyID(country: country, party: party), "seed \(seed)")
            #expect(id.country == country && id.party == party, "seed \(seed)")
            #expect(PartyID(id.description)?.description == id.description, "seed \(seed)")
            #expect(id.canonical.description == id.description.uppercased(), "seed \(seed)")
            let other = try #require(PartyID(country: country.lowercased(), party: party.uppercased()), "seed \(seed)")
            #expect(other == id && Set([other, id]).count == 1, "seed \(seed)")

            let text = String(decoding: random.bytes(Int.random(in: 0..<10, using: &random)), as: UTF8.self)
            if let odd = PartyID(text) { #expect(PartyID(odd.description) == odd, "seed \(seed)") }
        }
    }
}
