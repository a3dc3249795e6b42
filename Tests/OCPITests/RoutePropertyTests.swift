import OCPI
import Support
import Testing

/// Arbitrary paths: parsing neither traps nor accepts a path that another server would read differently.
@Suite struct RoutePropertyTests {
    private static let known = [
        "/ocpi/versions", "/ocpi/2.2", "/ocpi/2.2.1/credentials", "/ocpi/2.2.1/hubclientinfo",
        "/ocpi/receiver/2.2/ocnrules/whitelist/DE/CPO",
        "/ocpi/2.2.1/receiver/ocnrules/block-all", "/ocpi/sender/2.2.1/locations/page/abc", "/ocpi/receiver/2.2.1/tokens/DE/MSP/UID%201",
        "/ocpi/2.2/sender/chargingprofiles/result/17", "/ocpi/custom/receiver/Parking/a/b", "/ocpi/receiver/2.2.1/cdrs",
    ]

    @Test func anyBytesAreReadWithoutATrapAndWhatIsReadReadsBack() {
        for seed in UInt64(0)..<6000 {
            var random = SeededGenerator(seed: seed)
            let path = String(decoding: random.bytes(Int.random(in: 0..<40, using: &random)), as: UTF8.self)
            Self.expectReadBack(path, seed)
            Self.expectReadBack("/ocpi/sender/2.2.1/locations/" + path, seed)
        }
    }

    @Test func aPathWithAByteChangedIsReadAsWhatItSaysOrNotAtAll() {
        var found = 0
        for seed in UInt64(0)..<12_000 {
            var random = SeededGenerator(seed: seed)
            var bytes = Array(random.pick(Self.known).utf8)
            for _ in 0..<Int.random(in: 0..<4, using: &random) {
                let index = Int.random(in: bytes.indices, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[index] = UInt8.random(in: .min ... .max, using: &random)
                case 1: bytes[index] = random.pick(Array("/.%?#\\2efEF ".utf8))
                case 2: bytes.insert(contentsOf: random.pick([Array("/".utf8), Array("%2F".utf8), Array("\u{301}".utf8)]), at: index)
                default: if bytes.count > 1 { bytes.remove(at: index) }
                }
            }
            if Self.expectReadBack(String(decoding: bytes, as: UTF8.self), seed) { found += 1 }
        }
        #expect(found > 3000)
    }

    /// A slash is a separator for every server, also where text processing combines it with the character before or after.
    @Test(arguments: ["\u{301}", "\u{600}", "\u{200D}", "\u{FE0F}", "é"]) func combiningCharactersDoNotHideASlash(letter: String) {
        #expect(Route.parse(path: "/ocpi/sender/2.2.1/locations/a/\(letter)/b") == nil)
        #expect(Route.parse(path: "/ocpi/sender/2.2.1/locations/a\(letter)//b") == nil)
    }

    @discardableResult private static func expectReadBack(_ path: String, _ seed: UInt64) -> Bool {
        guard let route = Route.parse(path: path) else { return false }
        #expect(Route.parse(path: route.path) == route, "seed \(seed): \(path)")
        let segments = Array(path.utf8).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let inner = segments.dropFirst().dropLast(segments.last?.isEmpty == true ? 1 : 0)
        #expect(!inner.contains { $0.isEmpty }, "seed \(seed): an empty segment in \(path)")
        #expect(path.utf8.allSatisfy { (0x21...0x7E).contains($0) }, "seed \(seed): \(path)")
        if case .module(let place) = route {
            #expect(place.remainder.isEmpty || path.contains("/" + place.remainder), "seed \(seed): \(path)")
            #expect(!place.remainder.hasPrefix("/") && !place.remainder.hasSuffix("/"), "seed \(seed): \(path)")
            #expect(!URLJoin.hasDotSegments(place.remainder), "seed \(seed): \(path)")
        }
        return true
    }
}
