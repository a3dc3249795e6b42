import OCPI
import Support
import Testing

@Suite struct URLJoinPropertyTests {
    @Test func anyBytesAreTakenWithoutATrapAndAnOriginStaysItself() {
        for seed in UInt64(0)..<6000 {
            var random = SeededGenerator(seed: seed)
            var text = String(decoding: random.bytes(Int.random(in: 0..<24, using: &random)), as: UTF8.self)
            if random.chance(60) { text = random.pick(["http://", "https://", "HTTPS://", "http://[", "https://a:"]) + text }
            if let origin = URLJoin.origin(of: text) {
                #expect(URLJoin.origin(of: origin) == origin, "seed \(seed)")
                #expect(origin.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "@") }, "seed \(seed): \(origin)")
            }
            _ = (URLJoin.hasDotSegments(text), URLJoin.join(text, text, query: text), URLJoin.trimmed(text))
        }
    }

    /// A call never leaves the server that a party named, whatever is joined to its endpoint.
    @Test func joiningKeepsTheServerAndTheEndpoint() throws {
        for seed in UInt64(0)..<6000 {
            var random = SeededGenerator(seed: seed)
            let host = random.pick(["a.example", "[::1]", "127.0.0.1"])
            let server = random.pick(["http://", "https://"]) + host + random.pick(["", ":8080"])
            let path = random.pick(["", "/", "/ocpi/cdrs", "/ocpi/cdrs/", "/a//b"])
            let own = random.pick(["", "", "?key=1"])
            let remainder = Self.pathText(&random, 0..<12)
            let query = random.chance(50) ? Self.pathText(&random, 1..<12) : nil
            let url = URLJoin.join(server + path + own, remainder, query: query)
            #expect(URLJoin.origin(of: url) == URLJoin.origin(of: server), "seed \(seed): \(url)")
            #expect(url.hasPrefix(server + URLJoin.trimmed(path)), "seed \(seed): \(url)")
            let queries = [own.dropFirst(), query?[...] ?? ""].filter { !$0.isEmpty }.joined(separator: "&")
            let parts = url.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
            #expect((parts.count > 1 ? String(parts[1]) : "") == queries, "seed \(seed): \(url)")
            if !remainder.isEmpty {
                let tail = "/" + (remainder.hasPrefix("/") ? remainder.dropFirst() : remainder[...])
                #expect(parts.first?.hasSuffix(tail) == true, "seed \(seed): \(url)")
            }
        }
    }

    /// Compared with readers that decode everything first, once or more often, and then look at the segments.
    @Test func dotSegmentsAreFoundHoweverTheyAreWritten() {
        let parts = [".", "%2e", "%2E", "/", "%2f", "%5C", "\\", "a", "..", "%", "2", "é", "%25"]
        for seed in UInt64(0)..<8000 {
            var random = SeededGenerator(seed: seed)
            let path = (0..<Int.random(in: 0..<9, using: &random)).map { _ in random.pick(parts) }.joined()
            var text = Array(path.utf8)
            let expected = (0..<3).contains { _ in
                text = Self.decoded(text)
                let segments = text.split { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }
                return segments.contains { Array($0) == Array(".".utf8) || Array($0) == Array("..".utf8) }
            }
            #expect(URLJoin.hasDotSegments(path) == expected, "seed \(seed): \(path)")
        }
    }

    private static func pathText(_ random: inout SeededGenerator, _ length: Range<Int>) -> String {
        let letters = Array("abcXYZ019-._~%2F:@=&/".utf8)
        return String(decoding: (0..<Int.random(in: length, using: &random)).map { _ in random.pick(letters) }, as: UTF8.self)
    }

    /// Dots, slashes and backslashes out of their percent-encoding; nothing else matters here.
    private static func decoded(_ path: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var rest = path[...]
        while let byte = rest.popFirst() {
            let code = byte == UInt8(ascii: "%") ? String(decoding: rest.prefix(2), as: UTF8.self).lowercased() : ""
            guard let plain = ["2e": ".", "2f": "/", "5c": "\\", "25": "%"][code] else {
                result.append(byte)
                continue
            }
            result += plain.utf8
            rest = rest.dropFirst(2)
        }
        return result
    }
}
