import Testing

@testable import Bench

@Suite struct RoundResultsTests {
    private func everybody(_: Int) -> Bool { true }

    @Test func aTimeCountsFromWhenTheRequestWasDue() {
        var results = RoundResults(first: 0)
        let number = results.sends(due: .seconds(1), to: 0, copyTo: 1)
        results.ended(number, isSuccess: true, at: .milliseconds(1250))
        results.arrived(number, at: 1, time: .milliseconds(1500))
        let period = Duration.seconds(1)..<Duration.seconds(2)
        let exchange = results.figures(.exchange, during: period, of: everybody)
        let push = results.figures(.push, during: period, of: everybody)
        #expect(abs(exchange[.p99] - 250) < 1 && abs(push[.p99] - 500) < 1)
        #expect(exchange.count == 1 && push.count == 1 && exchange.failed == 0 && push.failed == 0)
        #expect(exchange[.perSecond] == 1 && push[.perSecond] == 1)
    }

    @Test func whatWasDueBeforeThePeriodHasNoTimeButItsEndIsThroughput() {
        var results = RoundResults(first: 0)
        let number = results.sends(due: .zero, to: 0, copyTo: 1)
        results.ended(number, isSuccess: true, at: .seconds(5))
        let figures = results.figures(.exchange, during: .seconds(4)..<Duration.seconds(8), of: everybody)
        #expect(figures.count == 0 && figures[.perSecond] == 0.25)
    }

    @Test func aRecipientThatIsNotCountedChangesNothing() {
        var results = RoundResults(first: 0)
        let good = results.sends(due: .seconds(1), to: 0, copyTo: 1)
        let bad = results.sends(due: .seconds(1), to: 1, copyTo: 0)
        results.ended(good, isSuccess: true, at: .milliseconds(1010))
        results.ended(bad, isSuccess: false, at: .seconds(6))
        let figures = results.figures(.exchange, during: .zero..<Duration.seconds(10)) { $0 == 0 }
        #expect(figures.count == 1 && figures.failed == 0 && figures[.longest] < 11)
        #expect(results.figures(.exchange, during: .zero..<Duration.seconds(10), of: everybody).failed == 1)
    }

    @Test func aCopyIsOwedOnceItsRequestSucceededAndUntilItArrives() {
        var results = RoundResults(first: 10)
        let early = results.sends(due: .zero, to: 0, copyTo: 1)
        let late = results.sends(due: .zero, to: 0, copyTo: 1)
        let refused = results.sends(due: .zero, to: 0, copyTo: 1)
        #expect(results.missing == 0)
        results.arrived(early, at: 1, time: .seconds(1))
        results.ended(early, isSuccess: true, at: .seconds(2))
        #expect(results.missing == 0)
        results.ended(late, isSuccess: true, at: .seconds(1))
        results.ended(refused, isSuccess: false, at: .seconds(1))
        #expect(results.missing == 1)
        results.arrived(late, at: 1, time: .seconds(2))
        #expect(results.missing == 0 && results.answered == 2 && results.copied == 2)
    }

    @Test func copiesOfOtherRoundsOtherRecipientsAndRepeatsDoNotCount() {
        var results = RoundResults(first: 10)
        let number = results.sends(due: .zero, to: 0, copyTo: 1)
        #expect(number == 10)
        results.arrived(9, at: 1, time: .seconds(1))
        results.arrived(11, at: 1, time: .seconds(1))
        results.arrived(number, at: 2, time: .seconds(1))
        #expect(results.copied == 0)
        results.arrived(number, at: 1, time: .seconds(1))
        results.arrived(number, at: 1, time: .seconds(9))
        #expect(results.copied == 1)
        #expect(results.figures(.push, during: .zero..<Duration.seconds(10), of: everybody)[.longest] < 1100)
    }
}

@Suite struct LatenciesTests {
    @Test func percentilesAreThoseOfASortedListToThreeDigits() {
        let seed = UInt64.random(in: .min ... .max)
        var state = seed
        var latencies = Latencies()
        var sorted: [Double] = []
        for _ in 0..<5000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let microseconds = Int64(state >> 44) + 1
            latencies.note(.microseconds(microseconds))
            sorted.append(Double(microseconds))
        }
        sorted.sort()
        for (percent, index) in [(50.0, 2499), (95, 4749), (99, 4949), (100, 4999)] {
            let found = latencies.percentile(percent) / .microseconds(1)
            #expect(abs(found - sorted[index]) <= sorted[index] / 1000 + 1, "seed \(seed), percentile \(percent)")
        }
        #expect(abs(latencies.longest / .microseconds(1) - sorted[4999]) <= sorted[4999] / 1000, "seed \(seed)")
    }

    @Test func nothingNotedIsZeroAndExtremesAreKeptWithinBounds() {
        var latencies = Latencies()
        #expect(latencies.percentile(99) == .zero && latencies.longest == .zero && latencies.count == 0)
        latencies.note(.seconds(-1))
        latencies.note(.seconds(100_000))
        #expect(latencies.count == 2 && latencies.longest <= .seconds(3700))
    }
}
