import Encoding
import Kafka
import Support
import Testing

@Suite struct FinishedAheadTests {
    @Test func anEmptySetNeedsNoText() {
        #expect(FinishedAhead(base: 7, runs: []).text == nil)
    }

    @Test func containsExactlyItsRuns() {
        let ahead = FinishedAhead(base: 10, runs: [12...14, 20...20, 30...40])
        #expect((0...50).filter(ahead.contains) == [12, 13, 14, 20] + Array(30...40))
    }

    /// Random sets, from sparse to dense, small to a million wide: parsing restores the set, and the shortest of all encodings is used.
    @Test("Scenario 5: what is finished ahead is read as it was written")
    func whatIsWrittenIsRead() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        for round in 0..<10_000 {
            let base = Int64.random(in: 0...1_000_000_000, using: &random)
            let ahead = FinishedAhead(base: base, runs: Self.runs(above: base, round: round, &random))
            guard let text = ahead.text else {
                #expect(ahead.runs.isEmpty || ahead.runs.count > 500, "seed \(seed) round \(round): a small set does not fit")
                continue
            }
            guard text.utf8.count <= 4096, FinishedAhead(text: text, committed: base) == ahead else {
                Issue.record("seed \(seed) round \(round): \(ahead.runs.count) runs")
                return
            }
            #expect(FinishedAhead(text: text, committed: base + 1) == nil, "another commit point")
        }
    }

    /// One record is unfinished, and millions after it are finished.
    @Test("Scenario 5: long runs have short texts")
    func longRunsHaveShortTexts() throws {
        for runs: [ClosedRange<Int64>] in [[1...8_000_000], [1...5_000_000, 5_000_002...5_000_002, 5_000_004...8_000_000]] {
            let ahead = FinishedAhead(base: 0, runs: runs)
            let text = try #require(ahead.text)
            #expect(text.utf8.count < 50)
            #expect(FinishedAhead(text: text, committed: 0) == ahead)
        }
    }

    /// Every other record is unfinished: then a bitset is shorter.
    @Test("Scenario 5: dense sets fit")
    func denseSetsFit() throws {
        let ahead = FinishedAhead(base: 0, runs: (1..<20_000).map { Int64($0) * 2...Int64($0) * 2 })
        let text = try #require(ahead.text)
        #expect(FinishedAhead(text: text, committed: 0) == ahead)
    }

    @Test("Scenario 4: a text that nobody understands means that nothing is finished ahead")
    func strangeTextsMeanNothing() throws {
        let good = try #require(FinishedAhead(base: 100, runs: [102...110, 112...112]).text)
        #expect(FinishedAhead(text: good, committed: 100) != nil)
        for text in ["", "1", "AAAA", "hello world", String(repeating: "A", count: 5000), good + "!", "\u{FFFD}"] {
            #expect(FinishedAhead(text: text, committed: 100) == nil, "\(text)")
        }
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        for _ in 0..<10_000 {
            // No input makes it trap, and an accepted one has this base.
            var bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            if Bool.random(using: &random), bytes.count > 10 {
                bytes.replaceSubrange(0..<10, with: [1, UInt8.random(in: 0...3, using: &random), 0, 0, 0, 0, 0, 0, 0, 100])
            }
            if let ahead = FinishedAhead(text: Base64.encodeURL(bytes), committed: 100) {
                #expect(ahead.base == 100 && ahead.runs.allSatisfy { $0.lowerBound >= 100 }, "seed \(seed)")
            }
        }
    }

    @Test("Scenario 4: a set that does not fit is not committed")
    func aSetThatDoesNotFitHasNoText() {
        var random = SeededGenerator(seed: 1)
        var runs: [ClosedRange<Int64>] = []
        var next: Int64 = 0
        for _ in 0..<20_000 {
            next += Int64.random(in: 2...900, using: &random)
            runs.append(next...next)
        }
        #expect(FinishedAhead(base: 0, runs: runs).text == nil)
    }

    private static func runs(above base: Int64, round: Int, _ random: inout SeededGenerator) -> [ClosedRange<Int64>] {
        let widest: Int64 = round % 100 == 0 ? 1_000_000 : [1, 3, 50, 1000].randomElement(using: &random) ?? 1
        var runs: [ClosedRange<Int64>] = []
        var next = base
        for _ in 0..<Int.random(in: 0...(round % 50 == 0 ? 1500 : 60), using: &random) {
            let lower = next + Int64.random(in: (runs.isEmpty ? 0 : 1)...widest, using: &random)
            let upper = lower + Int64.random(in: 0...widest, using: &random)
            runs.append(lower...upper)
            next = upper + 1
        }
        return runs
    }
}
