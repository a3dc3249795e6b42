import Kafka
import Support
import Testing

@Suite struct CompletionLedgerTests {
    @Test func anEmptyLedgerCommitsItsStart() {
        let ledger = CompletionLedger(start: 42)
        #expect(ledger.commitPoint == 42)
        #expect(ledger.unfinished == 0)
    }

    @Test func finishingAheadHoldsTheCommitPointBack() {
        var ledger = CompletionLedger(start: 0)
        for offset: Int64 in 0..<4 { ledger.begin(offset) }
        let answer1 = ledger.finish(1)
        #expect(answer1)
        let answer2 = ledger.finish(3)
        #expect(answer2)
        #expect(ledger.commitPoint == 0)
        #expect(ledger.finishedAhead == FinishedAhead(base: 0, runs: [1...1, 3...3]))
        let answer3 = ledger.finish(0)
        #expect(answer3)
        #expect(ledger.commitPoint == 2)
        #expect(ledger.finishedAhead == FinishedAhead(base: 2, runs: [3...3]))
        let answer4 = ledger.finish(2)
        #expect(answer4)
        #expect(ledger.commitPoint == 4)
        #expect(ledger.finishedAhead.isEmpty)
        #expect(ledger.unfinished == 0)
    }

    @Test("Scenario 3: gaps in the log hold no commit back")
    func gapsInTheLogHoldNothingBack() {
        var ledger = CompletionLedger(start: 0)
        ledger.begin(5)
        ledger.begin(9)
        ledger.finish(5)
        #expect(ledger.commitPoint == 9)
        ledger.finish(9)
        #expect(ledger.commitPoint == 10)
    }

    @Test func whatIsNoLongerInTheLogIsPassedOverAndWhatIsUnderWayIsNot() {
        var ledger = CompletionLedger(start: 0)
        ledger.begin(0)
        ledger.begin(1)
        ledger.finish(1)
        ledger.skip(to: 1000)
        ledger.skip(to: 500)
        #expect(ledger.nextOffset == 1000)
        #expect(ledger.commitPoint == 0)
        ledger.begin(1000)
        #expect(ledger.finishedAhead == FinishedAhead(base: 0, runs: [1...999]))
        ledger.finish(0)
        #expect(ledger.commitPoint == 1000)
        var untouched = CompletionLedger(start: 7)
        untouched.skip(to: 70)
        #expect(untouched.commitPoint == 70)
    }

    @Test func whatWasNotBegunOrIsFinishedDoesNotCount() {
        var ledger = CompletionLedger(start: 0)
        ledger.begin(1)
        let answer5 = ledger.finish(0)
        #expect(!answer5)
        let answer6 = ledger.finish(2)
        #expect(!answer6)
        let answer7 = ledger.finish(1)
        #expect(answer7)
        let answer8 = ledger.finish(1)
        #expect(!answer8)
        ledger.begin(1)
        #expect(ledger.unfinished == 0)
    }

    @Test func theHighestOffsetDoesNotOverflow() {
        var ledger = CompletionLedger(start: 0)
        ledger.begin(.max)
        ledger.finish(.max)
        #expect(ledger.commitPoint == .max)
    }

    /// Against a model that keeps every offset in a list and searches it.
    @Test("Scenario 1: no commit point lies beyond the lowest unfinished record, whatever ends first")
    func agreesWithANaiveModelOnRandomHistories() {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        for round in 0..<2_500 {
            let start = Int64.random(in: 0...100, using: &random)
            var ledger = CompletionLedger(start: start)
            var model = Model(start: start)
            var next = start
            // A few rounds are long enough for the ledger to drop what it no longer needs.
            let steps = round % 1000 == 0 ? 4_000 : Int.random(in: 1...60, using: &random)
            let window = Int64.random(in: 1...40, using: &random)
            for step in 0..<steps {
                if Bool.random(using: &random) {
                    next += Int64.random(in: 1...10, using: &random) == 1 ? Int64.random(in: 2...5, using: &random) : 1
                    ledger.begin(next)
                    model.begin(next)
                } else {
                    // Mostly something plausible, sometimes nonsense.
                    let offset = Int64.random(in: (next - window)...(next + 1), using: &random)
                    let accepted = ledger.finish(offset)
                    guard accepted == model.finish(offset) else {
                        Issue.record("seed \(seed) round \(round) step \(step): finish(\(offset)) gave \(accepted)")
                        return
                    }
                }
                guard ledger.commitPoint == model.commitPoint, ledger.unfinished == model.unfinished.count else {
                    Issue.record("seed \(seed) round \(round) step \(step): \(ledger.commitPoint) against \(model.commitPoint)")
                    return
                }
            }
            let ahead = ledger.finishedAhead
            guard ahead.base == ledger.commitPoint, model.begun.filter(ahead.contains) == model.finishedAhead else {
                Issue.record("seed \(seed) round \(round): finished ahead differs")
                return
            }
        }
    }

    private struct Model {
        let start: Int64
        var begun: [Int64] = []
        var unfinished: Set<Int64> = []

        init(start: Int64) { self.start = start }

        mutating func begin(_ offset: Int64) {
            begun.append(offset)
            unfinished.insert(offset)
        }
        mutating func finish(_ offset: Int64) -> Bool { unfinished.remove(offset) != nil }
        var commitPoint: Int64 { unfinished.min() ?? begun.last.map { $0 + 1 } ?? start }
        var finishedAhead: [Int64] {
            let point = commitPoint
            return begun.filter { $0 > point && !unfinished.contains($0) }
        }
    }
}
