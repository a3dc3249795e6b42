import Support
import Testing

@testable import Delivery

@Suite struct LinkHeaderPropertyTests {
    @Test func anyBytesAreReadWithoutATrap() {
        let parts = ["<", ">", ";", ",", "\"", "\\", " ", "=", "rel", "next", "https://a", "\t", "é", "\u{301}", "*"]
        for seed in UInt64(0)..<10_000 {
            var random = SeededGenerator(seed: seed)
            let values = (0..<Int.random(in: 0..<3, using: &random)).map { _ in
                random.chance(30)
                    ? String(decoding: random.bytes(Int.random(in: 0..<30, using: &random)), as: UTF8.self)
                    : (0..<Int.random(in: 0..<14, using: &random)).map { _ in random.pick(parts) }.joined()
            }
            guard let target = LinkHeader.next(in: values) else { continue }
            #expect(!target.utf8.contains(UInt8(ascii: ">")), "seed \(seed)")
            #expect(values.contains { $0.contains("<" + target + ">") }, "seed \(seed): \(values)")
        }
    }

    @Test func whatIsWrittenIsReadAmongAnyOtherLinks() {
        let others = [
            #"<https://a/first>; rel="first""#, #"<https://a/p,;"q>; rel=prev"#, #"<https://a/l>; title="a, \"<x>; rel=next"; rel=last"#,
            "<https://a/none>", #"<https://a/x>; rev="next"; anchor="<>""#,
        ]
        let letters = Array("abz019/?&=%:,;\"' <.-_~".utf8)
        for seed in UInt64(0)..<4000 {
            var random = SeededGenerator(seed: seed)
            let tail = (0..<Int.random(in: 0..<20, using: &random)).map { _ in random.pick(letters) }
            // Trailing blanks would not belong to it.
            let url = "https://hub.example/" + String(decoding: tail, as: UTF8.self) + "$"
            #expect(LinkHeader.next(in: [LinkHeader.next(url)]) == url, "seed \(seed)")
            var links = (0..<Int.random(in: 0..<4, using: &random)).map { _ in random.pick(others) }
            links.insert(LinkHeader.next(url), at: Int.random(in: 0...links.count, using: &random))
            #expect(LinkHeader.next(in: [links.joined(separator: random.pick([",", ", ", " , "]))]) == url, "seed \(seed): \(links)")
            #expect(LinkHeader.next(in: links) == url, "seed \(seed): \(links)")
        }
    }

    @Test(arguments: ["< https://a/n>", "<https://a/n >", "<\t https://a/n\t>"])
    func blanksAtTheEndsAreNoneOfTheURLs(header: String) {
        #expect(LinkHeader.next(in: [header + "; rel=next"]) == "https://a/n")
    }
}
