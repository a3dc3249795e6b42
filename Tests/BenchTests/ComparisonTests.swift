import Encoding
import OCPI
import Testing

@testable import Bench

@Suite struct ComparisonTests {
    static func figures(p99: Double, perSecond: Double = 100, count: Int = 1000) -> Figures {
        Figures(values: [.p50: p99 / 4, .p95: p99 / 2, .p99: p99, .longest: p99 * 2, .perSecond: perSecond], count: count)
    }

    @Test func theMedianOfAnEvenNumberOfRoundsLiesBetweenTheTwoInTheMiddle() {
        let rounds = [10, 40, 20, 30].map { Self.figures(p99: $0) }
        #expect(Comparison.median(.p99, of: rounds) == 25)
        #expect(Comparison.median(.p99, of: Array(rounds.prefix(3))) == 20)
        #expect(Comparison.median(.p99, of: []) == 0)
    }

    @Test func theSpreadIsTheDifferenceOfTheExtremesAsPartOfTheMedian() {
        #expect(Comparison.spread(.p99, of: [9, 11].map { Self.figures(p99: $0) }) == 0.2)
        #expect(Comparison.spread(.p99, of: [Self.figures(p99: 9)]) == 0)
        #expect(Comparison.spread(.p99, of: []) == 0)
    }

    @Test(arguments: [
        (110.0, 100.0, true), (110.1, 100, false), (50, 100, true), (100, 90, true), (100, 89.9, false), (100, 200, true),
    ])
    func tenPercentLongerOrFewerIsTheLimitAndBetterIsFine(p99: Double, perSecond: Double, isWithin: Bool) {
        let comparison = Comparison(without: [Self.figures(p99: 100)], with: [Self.figures(p99: p99, perSecond: perSecond)])
        #expect(comparison.isWithinTolerance == isWithin)
    }

    @Test func nothingToCompareWithIsNotWithinTheLimit() {
        let good = Self.figures(p99: 100)
        #expect(!Comparison(without: [], with: []).isWithinTolerance)
        #expect(!Comparison(without: [good], with: []).isWithinTolerance)
        #expect(!Comparison(without: [Figures()], with: [good]).isWithinTolerance)
        #expect(!Comparison(without: [good, Self.figures(p99: 100, count: 0)], with: [good]).isWithinTolerance)
    }

    @Test func roundsOfTheSameKindThatDifferByMoreThanTheLimitAreNoisy() {
        let calm = [100, 105].map { Self.figures(p99: $0) }
        let wild = [100, 130].map { Self.figures(p99: $0) }
        #expect(!Comparison(without: calm, with: calm).isNoisy)
        #expect(Comparison(without: wild, with: calm).isNoisy && Comparison(without: calm, with: wild).isNoisy)
    }
}

@Suite struct IsolationCastTests {
    @Test func everyRecipientGetsCopiesAndRequestsInTurnAndNeverBothOfOneRequest() throws {
        for count in [2, 3, 10, 100, 1000] {
            let participants = try #require(IsolationParticipants(recipients: count, hanging: 1))
            let turns = (0..<count).map(participants.turn)
            #expect(Set(turns.map(\.service)).count == count && Set(turns.map(\.receiver)).count == count)
            #expect(turns.allSatisfy { $0.service != $0.receiver })
            #expect(Set(participants.senders + participants.recipients).count == 2 * count)
        }
    }

    @Test(arguments: [(1, 1), (0, 0), (10, 0), (10, 10), (1001, 1)])
    func someMustHangAndSomeNot(recipients: Int, hanging: Int) {
        #expect(IsolationParticipants(recipients: recipients, hanging: hanging) == nil)
    }

    @Test func theLastOnesHang() throws {
        let participants = try #require(IsolationParticipants(recipients: 100, hanging: 3))
        #expect(participants.firstHanging == 97 && participants.recipients.last?.description == "NL-099")
    }
}

@Suite struct IsolationResultTests {
    private func result(p99: Double = 102, perSecond: Double = 198, mostOpen: Int = 8, crashes: [String] = []) -> IsolationResult {
        let rounds = (0..<4).map { number in
            let hangs = number % 2 == 1
            let figures = ComparisonTests.figures(p99: hangs ? p99 : 100, perSecond: perSecond)
            return IsolationResult.Round(
                hangs: hangs, figures: [.exchange: figures, .push: figures], mostOpen: hangs ? [.exchange: mostOpen, .push: 5] : [:],
                missing: 0)
        }
        return IsolationResult(options: IsolationOptions(), limit: 8, cores: 2, rounds: rounds, crashes: crashes)
    }

    @Test func itIsOKOnlyIfNobodySufferedTheLimitWasKeptAndItWasReallyTried() {
        #expect(result().isOK)
        #expect(!result(p99: 120).isOK)
        #expect(!result(mostOpen: 9).isOK)
        #expect(!result(perSecond: 150).isOK, "with a load that cannot be carried nothing is compared")
        #expect(!result(mostOpen: 0).isOK)
        #expect(!result(crashes: ["push-1 ended by itself"]).isOK)
    }

    @Test func itsJSONHasMediansRatiosSpreadsAndEveryRound() throws {
        let json = try JSONValue.parse(result().json)
        #expect(json["benchmark"]?.string == "isolation" && json["kafka"]?.string == "single local in-memory broker")
        #expect(json["ok"]?.bool == true && json["recipients"]?.int == 100 && json["hanging"]?.int == 1 && json["rate"]?.int == 200)
        for kind in ["exchange", "push"] {
            let part = try #require(json[kind])
            #expect(part["without"]?["p99"]?.double == 100 && part["with"]?["p99"]?.double == 102)
            #expect(part["ratio"]?["p99"]?.double == 1.02 && part["ratio"]?["per_second"]?.double == 1)
            #expect(part["spread_without"]?["p50"]?.double == 0 && part["in_flight_limit"]?.int == 8)
            #expect(part["most_in_flight"]?.int == (kind == "push" ? 5 : 8) && part["ok"]?.bool == true)
        }
        let rounds = try #require(json["rounds"]?.array)
        #expect(rounds.count == 4 && rounds.compactMap { $0["hanging"]?.int } == [0, 1, 0, 1])
        #expect(rounds[1]["exchange"]?["max"]?.double == 204 && rounds[1]["push"]?["count"]?.int == 1000)
    }

    @Test func itsTextSaysWhatKafkaItWasAndEndsInTheResult() {
        let lines = result().lines
        #expect(lines.contains { $0.hasPrefix("single local in-memory broker, ") })
        #expect(lines.last == "ok")
        #expect(lines.contains { $0.contains("p99") && $0.contains("100.0 ms") && $0.contains("102.0 ms") && $0.contains("1.02") })
    }

    @Test func everyReasonStandsInTheLastLineAndInTheJSON() throws {
        let failed = result(p99: 120, perSecond: 150, mostOpen: 9, crashes: ["push-1 ended by itself"])
        let reasons = [
            "saturated: less than 95 % of what was offered came through without an unresponsive recipient",
            "exchange: p99 is 1.200 times as long, more than 1.100", "exchange: an unresponsive recipient had 9 calls, more than 8",
            "push: p99 is 1.200 times as long, more than 1.100", "push-1 ended by itself",
        ]
        #expect(failed.notOKBecause == reasons)
        #expect(failed.lines.last == "NOT OK: " + reasons.joined(separator: "; "))
        #expect(try JSONValue.parse(failed.json)["not_ok_because"]?.array?.compactMap(\.string) == reasons)
        #expect(result().notOKBecause.isEmpty)
        #expect(try JSONValue.parse(result().json)["not_ok_because"]?.array == [])
        #expect(result(mostOpen: 0).notOKBecause == ["exchange: no unresponsive recipient was called: nothing was tested"])
    }

    @Test(arguments: [(0, 3, "0.000"), (12.34, 3, "12.340"), (0.0005, 3, "0.001"), (-1.5, 1, "-1.5"), (7.6, 0, "8"), (.infinity, 1, "0")])
    func decimalsAreRounded(value: Double, digits: Int, text: String) {
        #expect(IsolationResult.decimal(value, digits: digits) == text)
    }
}
