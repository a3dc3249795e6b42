import Directory
import NIOCore
import Support
import Testing

@testable import Delivery

/// Breakers with a simulated clock.
@Suite struct BreakerTests {
    private let settings = Breaker.Settings()
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    /// Makes calls one after the other, each answered at once; fewer if the breaker does not permit more.
    @discardableResult
    private func call(
        _ breaker: inout Breaker, _ count: Int, _ outcome: Breaker.Outcome, of account: String = "", at now: NIODeadline
    ) -> Int {
        for done in 0..<count {
            guard let permit = breaker.permit(of: account, now: now) else { return done }
            breaker.give(back: permit, outcome, now: now, jitter: 0)
        }
        return count
    }

    private func permit(_ breaker: inout Breaker, at now: NIODeadline) throws -> Breaker.Permit {
        let permit = breaker.permit(now: now)
        return try #require(permit)
    }

    /// A breaker that has just opened.
    private func opened(at now: NIODeadline) -> Breaker {
        var breaker = Breaker(settings)
        call(&breaker, settings.minimumCalls, .failed, at: now)
        return breaker
    }

    @Test func itOpensOnlyAfterTheMinimumOfCalls() {
        var breaker = Breaker(settings)
        #expect(call(&breaker, 19, .failed, at: start) == 19)
        #expect(breaker.state == .closed && breaker.reopening == nil)
        call(&breaker, 1, .failed, at: start)
        #expect(breaker.state == .open && breaker.reopening == start + .seconds(5))
        #expect(breaker.permit(now: start + .milliseconds(4999)) == nil)
    }

    @Test func itOpensWhenHalfOfTheCallsFail() {
        var breaker = Breaker(settings)
        call(&breaker, 100, .succeeded, at: start)
        call(&breaker, 99, .failed, at: start)
        #expect(breaker.state == .closed)
        call(&breaker, 1, .failed, at: start)
        #expect(breaker.state == .open)
    }

    @Test func oneAccountWhoseCallsFailDoesNotOpenItForOthersThatAreAnswered() {
        var breaker = Breaker(settings)
        call(&breaker, 3, .succeeded, of: "platform/quiet", at: start)
        #expect(call(&breaker, 1000, .failed, of: "platform/loud", at: start) == 1000)
        call(&breaker, 1, .failed, of: "platform/quiet", at: start)
        #expect(breaker.state == .closed, "one of its four failed")
        #expect(breaker.permit(now: start) != nil)
    }

    @Test func itOpensWhenTheCallsOfOthersFailAsWell() {
        var breaker = Breaker(settings)
        call(&breaker, 2, .succeeded, of: "platform/quiet", at: start)
        call(&breaker, 48, .failed, of: "platform/loud", at: start)
        call(&breaker, 1, .failed, of: "platform/quiet", at: start)
        #expect(breaker.state == .closed)
        call(&breaker, 1, .failed, of: "node/other", at: start)
        #expect(breaker.state == .open, "half of what others than the loud one asked")
    }

    @Test func itOpensForOneAccountThatCallsAlone() {
        var breaker = Breaker(settings)
        call(&breaker, 3, .succeeded, of: "platform/quiet", at: start)
        call(&breaker, 48, .failed, of: "platform/loud", at: start)
        #expect(breaker.state == .closed)
        call(&breaker, 20, .failed, of: "platform/loud", at: start + .seconds(31))
        #expect(breaker.state == .open, "what the other one was answered is too long ago")
    }

    @Test func aFewFailuresOfOthersProveNothingWhileSomebodyIsAnswered() {
        var breaker = Breaker(settings)
        call(&breaker, 1, .succeeded, of: "platform/loud", at: start)
        call(&breaker, 40, .failed, of: "platform/loud", at: start + .seconds(1))
        #expect(breaker.state == .open, "it called alone")
        breaker = Breaker(settings)
        call(&breaker, 1, .failed, of: "platform/quiet", at: start)
        call(&breaker, 1, .succeeded, of: "platform/loud", at: start)
        #expect(call(&breaker, 40, .failed, of: "platform/loud", at: start) == 40)
        call(&breaker, 2, .failed, of: "platform/quiet", at: start)
        #expect(breaker.state == .closed, "three of others")
        call(&breaker, 1, .failed, of: "platform/quiet", at: start)
        #expect(breaker.state == .open, "four of others")
    }

    @Test func itOpensWhenNobodyIsAnsweredHoweverFewTheOthersAre() {
        var breaker = Breaker(settings)
        call(&breaker, 1, .failed, of: "platform/quiet", at: start)
        call(&breaker, 19, .failed, of: "platform/loud", at: start)
        #expect(breaker.state == .open)
        #expect(breaker.permit(of: "node/other", now: start) == nil, "it is not the fault of one")
    }

    @Test func oneAccountThatFailsAloneLocksNobodyElseOut() {
        var breaker = Breaker(settings)
        for _ in 0..<5 {
            call(&breaker, 20, .failed, of: "platform/loud", at: start)
            #expect(breaker.state == .open)
            #expect(breaker.permit(of: "platform/loud", now: start) == nil)
            #expect(call(&breaker, 3, .succeeded, of: "platform/quiet", at: start) == 3, "nobody else's calls have failed")
            #expect(breaker.state == .closed)
        }
    }

    @Test func othersWhoseProbesFailOpenItForAll() {
        var breaker = Breaker(settings)
        call(&breaker, 20, .failed, of: "platform/loud", at: start)
        #expect(call(&breaker, 3, .failed, of: "platform/quiet", at: start) == 2)
        #expect(breaker.state == .open && breaker.reopening == start + .seconds(10))
        for account in ["platform/loud", "platform/quiet", "node/other"] { #expect(breaker.permit(of: account, now: start) == nil) }
    }

    @Test func probesOfTheAccountThatFailsMostTakeNobodysPlace() {
        var breaker = Breaker(settings)
        call(&breaker, 4, .failed, of: "platform/quiet", at: start)
        call(&breaker, 16, .failed, of: "platform/loud", at: start)
        #expect(breaker.state == .open)
        #expect(breaker.permit(of: "platform/quiet", now: start) == nil)
        var now = start + .seconds(5)
        let probes = (0..<4).compactMap { _ in breaker.permit(of: "platform/loud", now: now) }
        #expect(probes.count == 3)
        #expect(call(&breaker, 1, .succeeded, of: "platform/quiet", at: now) == 1)
        for probe in probes { breaker.give(back: probe, .failed, now: now, jitter: 0) }
        #expect(breaker.state == .halfOpen, "they speak for one account only")
        #expect(breaker.permit(of: "platform/loud", now: now + .milliseconds(4999)) == nil)
        now = now + .seconds(5)
        #expect(call(&breaker, 3, .failed, of: "platform/loud", at: now) == 1, "one, and again it pauses")
        #expect(call(&breaker, 2, .succeeded, of: "platform/quiet", at: now) == 2)
        #expect(breaker.state == .closed)
    }

    @Test func theAccountThatFailedMostIsNotLockedOutWhenTheRecipientIsBack() throws {
        var breaker = Breaker(settings)
        call(&breaker, 20, .failed, of: "platform/busy", at: start)
        #expect(call(&breaker, 1, .succeeded, of: "platform/rare", at: start) == 1)
        var now = start + .seconds(5)
        #expect(call(&breaker, 1, .failed, of: "platform/busy", at: now) == 1)
        #expect(call(&breaker, 1, .succeeded, of: "platform/busy", at: now) == 0)
        now = now + .seconds(5)
        let permit = breaker.permit(of: "platform/busy", now: now)
        let probe = try #require(permit)
        #expect(breaker.permit(of: "platform/busy", now: now) == nil, "one at a time")
        breaker.give(back: probe, .succeeded, now: now, jitter: 0)
        #expect(call(&breaker, 1, .succeeded, of: "platform/busy", at: now) == 1)
        #expect(breaker.state == .closed)
    }

    @Test(arguments: 0..<20)
    func itOpensAsTheCallsOfTheWindowSay(_ seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var breaker = Breaker(settings)
        var calls: [(slice: UInt64, account: String, failed: Bool)] = []
        var now = start
        var openings = 0
        for _ in 0..<3000 {
            now = now + .milliseconds(.random(in: 0...1500, using: &random))
            let (account, failed) = (random.pick(["a", "a", "a", "b", "c"]), random.chance(60))
            call(&breaker, 1, failed ? .failed : .succeeded, of: account, at: now)
            let slice = now.uptimeNanoseconds / 3_000_000_000
            calls.append((slice, account, failed))
            calls.removeAll { $0.slice + 10 <= slice }
            let all = (failed: calls.count(where: \.failed), total: calls.count)
            // Compared with all others without the account with the most failures, and of equal ones the account with the fewest calls.
            var others = all
            for account in ["a", "b", "c"] {
                let rest = calls.filter { $0.account != account }
                let failed = rest.count(where: \.failed)
                if failed < others.failed || (failed == others.failed && rest.count > others.total) { others = (failed, rest.count) }
            }
            let isProven = others.total >= 4 ? 2 * others.failed >= others.total : others.total == 0 || all.failed == all.total
            let opens = failed && all.total >= 20 && 2 * all.failed >= all.total && isProven
            #expect((breaker.state == .open) == opens, "seed \(seed)")
            guard breaker.state == .open else { continue }
            openings += 1
            breaker = Breaker(settings)
            calls = []
        }
        #expect(openings > 5, "seed \(seed)")
    }

    @Test func callsThatAreOlderThanTheWindowDoNotCount() {
        var breaker = Breaker(settings)
        call(&breaker, 19, .failed, at: start)
        call(&breaker, 19, .failed, at: start + .seconds(31))
        #expect(breaker.state == .closed)
        call(&breaker, 1, .failed, at: start + .seconds(31))
        #expect(breaker.state == .open)
    }

    @Test func aClockThatGoesBackALittleLosesNoCall() {
        var breaker = Breaker(settings)
        for number in 0..<20 { call(&breaker, 1, .failed, at: start + .milliseconds(number % 2 == 0 ? 3000 : 2999)) }
        #expect(breaker.state == .open)
    }

    @Test func whatWasNotCalledDoesNotCount() {
        var breaker = Breaker(settings)
        #expect(call(&breaker, 1000, .unused, at: start) == 1000)
        call(&breaker, 19, .failed, at: start)
        #expect(breaker.state == .closed)
        call(&breaker, 1, .failed, at: start)
        #expect(call(&breaker, 1000, .unused, at: start + .seconds(5)) == 1000, "a probe that is not used can be used again")
        #expect(breaker.state == .halfOpen)
    }

    @Test func halfOpenPermitsAsManyProbesAsAreSetAndThenCloses() throws {
        var breaker = opened(at: start)
        let now = start + .seconds(5)
        let probes = [breaker.permit(now: now), breaker.permit(now: now), breaker.permit(now: now)].compactMap(\.self)
        #expect(probes.count == 3 && breaker.state == .halfOpen)
        #expect(breaker.permit(now: now + .hours(1)) == nil, "they are under way")
        breaker.give(back: probes[0], .succeeded, now: now, jitter: 0)
        #expect(breaker.permit(now: now) == nil, "one that has come back was one of the round")
        breaker.give(back: probes[1], .succeeded, now: now, jitter: 0)
        breaker.give(back: probes[2], .succeeded, now: now, jitter: 0)
        #expect(breaker.state == .closed)
        #expect(call(&breaker, 19, .failed, at: now) == 19)
        #expect(breaker.state == .closed, "what happened before is forgotten")
    }

    @Test func halfOpenOpensAgainAsSoonAsTheProbesCannotSucceed() {
        var breaker = opened(at: start)
        let now = start + .seconds(5)
        #expect(call(&breaker, 3, .failed, at: now) == 2)
        #expect(breaker.state == .open)
    }

    @Test func betweenTheTwoItAsksAnotherRound() {
        var breaker = opened(at: start)
        let now = start + .seconds(5)
        for _ in 0..<10 {
            #expect(call(&breaker, 1, .failed, at: now) == 1)
            #expect(call(&breaker, 2, .succeeded, at: now) == 2)
            #expect(breaker.state == .halfOpen, "one of three is too many to close and too few to open")
        }
        call(&breaker, 3, .succeeded, at: now)
        #expect(breaker.state == .closed)
    }

    @Test func relapsesStayOpenLongerUpToACap() throws {
        var breaker = opened(at: start)
        var pauses: [Int64] = []
        var now = start
        for _ in 0..<6 {
            let until = try #require(breaker.reopening)
            pauses.append((until - now).nanoseconds / 1_000_000_000)
            now = until
            call(&breaker, 2, .failed, at: now)
        }
        #expect(pauses == [5, 10, 20, 40, 60, 60])
    }

    @Test func aRelapseSoonAfterItHasClosedCountsToo() throws {
        var breaker = opened(at: start)
        let closing = start + .seconds(5)
        call(&breaker, 3, .succeeded, at: closing)
        var soon = breaker
        call(&soon, 20, .failed, at: closing + .seconds(29))
        #expect(soon.reopening == closing + .seconds(29 + 10))
        call(&breaker, 20, .failed, at: closing + .seconds(30))
        #expect(breaker.reopening == closing + .seconds(30 + 5), "it was well for the length of a window")
    }

    @Test(arguments: [(-1.0, 4000), (0.5, 5500), (1.0, 6000)])
    func thePauseIsShiftedByUpToAFifth(jitter: Double, milliseconds: Int64) throws {
        var breaker = Breaker(settings)
        for _ in 0..<20 { breaker.give(back: try permit(&breaker, at: start), .failed, now: start, jitter: jitter) }
        #expect(breaker.reopening == start + .milliseconds(milliseconds))
    }

    @Test func resultsOfAnEarlierEraDoNotCount() throws {
        var breaker = Breaker(settings)
        let late = (0..<60).compactMap { _ in breaker.permit(now: start) }
        #expect(late.count == 60)
        call(&breaker, 20, .failed, at: start)
        for permit in late[..<20] { breaker.give(back: permit, .failed, now: start + .seconds(1), jitter: 0) }
        #expect(breaker.reopening == start + .seconds(5), "they are the same outage")
        let now = start + .seconds(5)
        let probe = try permit(&breaker, at: now)
        for permit in late[20..<40] { breaker.give(back: permit, .succeeded, now: now, jitter: 0) }
        #expect(breaker.state == .halfOpen, "answers to calls from before are no probes")
        breaker.give(back: probe, .succeeded, now: now, jitter: 0)
        call(&breaker, 2, .succeeded, at: now)
        #expect(breaker.state == .closed)
        for permit in late[40...] { breaker.give(back: permit, .failed, now: now, jitter: 0) }
        #expect(breaker.state == .closed, "nor are they calls of now")
    }

    @Test func itIsForgottenWhenItKnowsNothingAndNobodyWillGiveAnythingBack() throws {
        var breaker = Breaker(settings)
        #expect(breaker.isForgettable(now: start))
        let permit = try permit(&breaker, at: start)
        #expect(!breaker.isForgettable(now: start + .hours(1)))
        breaker.give(back: permit, .succeeded, now: start, jitter: 0)
        #expect(!breaker.isForgettable(now: start + .seconds(26)) && breaker.isForgettable(now: start + .seconds(30)))
        breaker = opened(at: start)
        #expect(!breaker.isForgettable(now: start + .hours(1)))
        call(&breaker, 3, .succeeded, at: start + .hours(1))
        #expect(!breaker.isForgettable(now: start + .hours(1) + .seconds(29)), "a relapse must be known as one")
        #expect(breaker.isForgettable(now: start + .hours(1) + .seconds(30)))
    }

    @Test func strangeSettingsNeverLockARecipientOut() throws {
        for probes in [0, 1] {
            var breaker = Breaker(Breaker.Settings(window: .zero, minimumCalls: 0, opensAt: 0, closesAt: 0, probes: probes))
            var now = start
            for number in 0..<100 {
                now = max(now, breaker.reopening ?? now)
                #expect(call(&breaker, 1, number.isMultiple(of: 2) ? .failed : .succeeded, at: now) == 1)
            }
        }
    }

    @Test("Scenario 26: a recipient that flaps at 50 % makes its breaker go to and fro no faster than its pause", arguments: 0..<50)
    func flapping(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        var breaker = Breaker(settings)
        var now = start
        var underWay: [(permit: Breaker.Permit, isProbe: Bool)] = []
        var openings: [(at: NIODeadline, until: NIODeadline)] = []
        var closings: [NIODeadline] = []
        var callsSinceClosing = 0
        while now < start + .minutes(20) {
            let before = breaker.state
            if random.chance(50) || underWay.isEmpty {
                if let permit = breaker.permit(now: now) {
                    let isProbe = breaker.state == .halfOpen
                    if isProbe, before == .open { underWay = underWay.map { ($0.permit, false) } }
                    underWay.append((permit, isProbe))
                    if isProbe { #expect(underWay.count(where: \.isProbe) <= settings.probes, "seed \(seed)") }
                    if let last = openings.last, before == .open { #expect(now >= last.until, "seed \(seed): called too soon") }
                    if before == .closed { callsSinceClosing += 1 }
                }
            } else {
                let index = Int.random(in: underWay.indices, using: &random)
                let outcome = random.chance(50) ? Breaker.Outcome.failed : .succeeded
                breaker.give(back: underWay.remove(at: index).permit, outcome, now: now, jitter: .random(in: -1...1, using: &random))
            }
            switch (before, breaker.state) {
            case (.closed, .open), (.halfOpen, .open):
                let until = try #require(breaker.reopening, "seed \(seed)")
                #expect(until - now >= .seconds(4) && until - now <= .seconds(72), "seed \(seed)")
                if before == .closed { #expect(callsSinceClosing >= settings.minimumCalls, "seed \(seed)") }
                openings.append((now, until))
            case (.open, .halfOpen): break
            case (.halfOpen, .closed):
                closings.append(now)
                callsSinceClosing = 0
            case (let old, let new): if old != new { Issue.record("seed \(seed): from \(old) to \(new)") }
            }
            now = now + .milliseconds(.random(in: 0...400, using: &random))
        }
        #expect(openings.count > 5, "seed \(seed): it flapped")
        for (first, second) in zip(openings, openings.dropFirst()) {
            #expect(second.at >= first.until, "seed \(seed): opened twice within a pause")
        }
        for (first, second) in zip(closings, closings.dropFirst()) {
            #expect(second - first >= .seconds(4), "seed \(seed): closed twice within a pause")
        }
    }
}
