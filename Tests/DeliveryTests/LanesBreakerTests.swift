import Directory
import Kafka
import NIOCore
import OCPI
import Support
import Testing

@testable import Delivery

/// Who is called when calls fail: without Kafka or time.
@Suite struct LanesBreakerTests {
    private typealias Actions = [Lanes<Int>.Action]
    private typealias Errands = [Errand<Int>]

    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    private let outbox = TopicPartition(topic: "ocn.outbox.DE-BIL", partition: 0)
    private let other = TopicPartition(topic: "ocn.outbox.NL-TAX", partition: 0)
    private let announce = TopicPartition(topic: "ocn.announce", partition: 0)

    private func lanes(perRecipient: Int = 32, minimumCalls: Int = 20) -> Lanes<Int> {
        var lanes = Lanes<Int>(
            .init(
                perRecipient: perRecipient, bytesPerPartition: .max, crowd: .init(records: 1000, bytes: .max, totalBytes: .max),
                backoff: Backoff(base: .milliseconds(500), cap: .seconds(60)), breaker: .init(minimumCalls: minimumCalls)))
        lanes.assign([outbox, other, announce], epoch: 1)
        return lanes
    }

    private func party(_ text: String = "DE-BIL") throws -> Recipient { .party(try #require(PartyID(text))) }

    private func parcel(
        _ offset: Int64, in partition: TopicPartition? = nil, to recipient: String = "DE-BIL", key: String? = nil, news: News? = nil,
        epoch: UInt64 = 1
    ) throws -> Parcel<Int> {
        Parcel(
            partition: partition ?? outbox, offset: offset, epoch: epoch, recipient: try party(recipient), key: key ?? "\(offset)",
            news: news, bytes: 1, cargo: Int(offset))
    }

    private func runs(_ actions: Actions) -> Errands {
        actions.compactMap { if case .run(let errand) = $0 { errand } else { nil } }
    }

    private func turns(_ actions: Actions) -> [BreakerTurn] {
        actions.compactMap { if case .breaker(_, let turn) = $0 { turn } else { nil } }
    }

    private func alarms(_ actions: Actions) -> [NIODeadline] {
        actions.compactMap { if case .alarm(let due) = $0 { due } else { nil } }
    }

    private func complete(_ lanes: inout Lanes<Int>, _ errands: Errands, _ result: ErrandResult, at now: NIODeadline) -> Actions {
        errands.flatMap { lanes.complete($0, result, now: now, jitter: 0) }
    }

    @Test func whatIsPastItsHorizonIsGivenUpAlsoWhileNobodyIsCalled() throws {
        var lanes = lanes()
        let first = runs(lanes.add(try parcel(100), now: start))
        // `ocn.dead` has had its share; then the others fail and the breaker opens.
        _ = complete(&lanes, first, .rationed(until: start + .seconds(1)), at: start)
        var open: Errands = []
        for offset: Int64 in 0..<31 { open += runs(lanes.add(try parcel(offset), now: start)) }
        _ = complete(&lanes, open, .failed(LastAttempt(httpStatus: 503), after: nil), at: start)
        #expect(lanes.breakers[try party()]?.state == .open)
        let again = runs(lanes.wake(now: start + .seconds(1))).filter { $0.parcel.offset == 100 }
        #expect(again.count == 1 && again.first?.permit == nil, "nobody is called for it")
    }

    @Test func answersAboutUnknownObjectsHoldUpOnlyThoseObjects() throws {
        var lanes = lanes()
        var open: Errands = []
        for offset: Int64 in 0..<32 { open += runs(lanes.add(try parcel(offset), now: start)) }
        _ = complete(&lanes, open, .failed(LastAttempt(httpStatus: 404), after: nil), at: start)
        #expect(lanes.breakers.isEmpty)
        #expect(runs(lanes.add(try parcel(50), now: start)).count == 1)
    }

    /// Its node says so, whose party is there.
    @Test func aModuleThatARecipientLacksHoldsUpOnlyItsOwnObjects() throws {
        var lanes = lanes()
        var open: Errands = []
        for offset: Int64 in 0..<32 { open += runs(lanes.add(try parcel(offset), now: start)) }
        _ = complete(&lanes, open, .lacking(LastAttempt(httpStatus: 400, status: 2001)), at: start)
        #expect(lanes.breakers.isEmpty)
        #expect(runs(lanes.add(try parcel(50), now: start)).count == 1)
        let again = runs(lanes.wake(now: start + .milliseconds(500)))
        #expect(again.count == 31 && again.allSatisfy { $0.attempts == 1 && $0.last.status == 2001 })
    }

    /// 40 objects of DE-BIL, of which 32 were called in vain: the breaker has opened.
    private func failing() throws -> Lanes<Int> {
        var lanes = lanes()
        var open: Errands = []
        for offset: Int64 in 0..<40 { open += runs(lanes.add(try parcel(offset), now: start)) }
        #expect(open.count == 32)
        let actions = complete(&lanes, open, .failed(LastAttempt(), after: nil), at: start)
        #expect(turns(actions) == [.opened])
        // Those for whom there was room as long as calls were made; they are still under way.
        let late = runs(actions)
        #expect(late.count == 8)
        #expect(runs(complete(&lanes, late, .failed(LastAttempt(), after: nil), at: start)).isEmpty)
        return lanes
    }

    @Test func aRecipientThatFailsIsNotCalledWhileOthersAre() throws {
        var lanes = try failing()
        #expect(try lanes.breakers[party()] == BreakerStanding(state: .open, since: start))
        #expect(runs(lanes.wake(now: start + .seconds(1))).isEmpty, "their back-off is over, but nobody may call")
        #expect(runs(lanes.add(try parcel(50), now: start + .seconds(1))).isEmpty)
        #expect(runs(lanes.add(try parcel(1, in: other, to: "NL-TAX"), now: start + .seconds(1))).count == 1)
        #expect(try lanes.held == 42 && lanes.running(party()) == 0)
    }

    @Test func anAnnouncementToAPartyThatFailsWaitsToo() throws {
        var lanes = try failing()
        let news = News(place: "x", isWhole: true)
        #expect(runs(lanes.add(try parcel(1, in: announce, news: news), now: start + .seconds(1))).isEmpty)
        #expect(runs(lanes.add(try parcel(2, in: announce, to: "NL-TAX", news: news), now: start + .seconds(1))).count == 1)
    }

    @Test func whenThePauseIsOverAFewAreSentAndWhenTheySucceedAllAre() throws {
        var lanes = try failing()
        let alarm = alarms(lanes.wake(now: start + .seconds(1)))
        #expect(alarm == [start + .seconds(5)], "woken again when the recipient may be asked")
        let now = start + .seconds(5)
        var probes = runs(lanes.wake(now: now))
        #expect(try probes.count == 3 && lanes.breakers[party()] == BreakerStanding(state: .halfOpen, since: start))
        #expect(runs(lanes.wake(now: now + .seconds(10))).isEmpty)
        let last = probes.removeLast()
        #expect(complete(&lanes, probes, .ended(.delivered), at: now).count { if case .run = $0 { true } else { false } } == 0)
        let actions = lanes.complete(last, .ended(.delivered), now: now, jitter: 0)
        #expect(turns(actions) == [.closed] && lanes.breakers.isEmpty)
        #expect(runs(actions).count == 32)
    }

    @Test func probesThatFailLeaveItAloneForLongerAndAreToldOnce() throws {
        var lanes = try failing()
        _ = lanes.wake(now: start + .seconds(1))
        let now = start + .seconds(5)
        let probes = runs(lanes.wake(now: now))
        let actions = complete(&lanes, probes, .failed(LastAttempt(), after: nil), at: now)
        #expect(turns(actions).isEmpty && runs(actions).isEmpty)
        #expect(try lanes.breakers[party()] == BreakerStanding(state: .open, since: start), "it has not been closed since")
        #expect(runs(lanes.wake(now: now + .milliseconds(9999))).isEmpty)
        #expect(runs(lanes.wake(now: now + .seconds(10))).count == 3)
    }

    @Test func anAnswerThatRefusesACopyShowsThatTheRecipientIsThere() throws {
        var lanes = try failing()
        _ = lanes.wake(now: start + .seconds(1))
        let probes = runs(lanes.wake(now: start + .seconds(5)))
        let burial = Burial(cause: "rejected", ending: .dead, attempts: 2, last: LastAttempt(httpStatus: 400))
        _ = lanes.complete(probes[0], .ended(.dead), now: start + .seconds(5), jitter: 0)
        _ = lanes.complete(probes[1], .ended(.dropped(.rejected)), now: start + .seconds(5), jitter: 0)
        let actions = lanes.complete(probes[2], .unburied(burial), now: start + .seconds(5), jitter: 0)
        #expect(turns(actions) == [.closed])
    }

    @Test func whatIsNoCallSaysNothingAboutTheRecipient() throws {
        let neutral: [ErrandResult] = [
            .hindered, .postponed, .rationed(until: start + .seconds(9)), .ended(.expired), .ended(.withheld), .ended(.topic),
            .ended(.unsendable), .ended(.dropped(.expired)), .ended(.dropped(.notConnected)), .ended(.dropped(.noDestination)),
            .unburied(Burial(cause: "expired", ending: .expired, attempts: 0, last: LastAttempt())),
        ]
        for result in neutral {
            var lanes = lanes(minimumCalls: 1)
            let errand = runs(lanes.add(try parcel(1), now: start))
            _ = complete(&lanes, errand, result, at: start)
            #expect(lanes.breakers.isEmpty, "\(result)")
            var failing = try failing()
            _ = failing.wake(now: start + .seconds(1))
            let probes = runs(failing.wake(now: start + .seconds(5)))
            let next = runs(complete(&failing, probes, result, at: start + .seconds(5)))
            #expect(try next.count == 3 && failing.breakers[party()]?.state == .halfOpen, "\(result): others are the probes")
        }
    }

    @Test func whatCouldNotBeTriedCountsAsNoAttemptAndWaitsLongerAndLonger() throws {
        var lanes = lanes()
        var errand = runs(lanes.add(try parcel(1), now: start))
        _ = complete(&lanes, errand, .failed(LastAttempt(httpStatus: 500), after: nil), at: start)
        errand = runs(lanes.wake(now: start + .milliseconds(500)))
        let hindered = complete(&lanes, errand, .hindered, at: start + .milliseconds(500))
        #expect(alarms(hindered) == [start + .milliseconds(1500)])
        errand = runs(lanes.wake(now: start + .milliseconds(1500)))
        #expect(errand.first?.attempts == 1 && errand.first?.last.httpStatus == 500)
    }

    @Test func onlyAnAnswerEndsTheBackOffOfALane() throws {
        for (ending, delay) in [(Ending.expired, 2), (.withheld, 2), (.delivered, 1), (.dead, 1)] {
            var lanes = lanes()
            let first = runs(lanes.add(try parcel(1, key: "a"), now: start))
            _ = lanes.add(try parcel(2, key: "a"), now: start)
            _ = complete(&lanes, first, .failed(LastAttempt(), after: nil), at: start)
            let second = runs(complete(&lanes, runs(lanes.wake(now: start + .seconds(1))), .ended(ending), at: start + .seconds(1)))
            #expect(second.map(\.parcel.offset) == [2], "\(ending)")
            let failed = complete(&lanes, second, .failed(LastAttempt(), after: nil), at: start + .seconds(1))
            #expect(alarms(failed) == [start + .seconds(1) + .milliseconds(Int64(500 * delay))], "\(ending)")
        }
    }

    @Test func aDeadLetterThatCouldNotBeWrittenNeedsNoPermit() throws {
        var lanes = lanes()
        let burial = Burial(cause: "rejected", ending: .dead, attempts: 1, last: LastAttempt(httpStatus: 400))
        let first = runs(lanes.add(try parcel(100), now: start))
        _ = complete(&lanes, first, .unburied(burial), at: start)
        var open: Errands = []
        for offset: Int64 in 0..<32 { open += runs(lanes.add(try parcel(offset), now: start)) }
        #expect(turns(complete(&lanes, open, .failed(LastAttempt(), after: nil), at: start)) == [.opened])
        let again = runs(lanes.wake(now: start + .milliseconds(500)))
        #expect(again.map(\.parcel.offset) == [100] && again.first?.burial == burial && again.first?.permit == nil)
        _ = complete(&lanes, again, .ended(.dead), at: start + .milliseconds(500))
        #expect(try lanes.breakers[party()]?.state == .open, "it was nobody's answer")
    }

    @Test func aBreakerIsForgottenWhenNothingIsLeftToAskWith() throws {
        var lanes = try failing()
        _ = lanes.wake(now: start + .seconds(1))
        // All that waits has expired meanwhile.
        var turned: [BreakerTurn] = []
        var open = runs(lanes.wake(now: start + .seconds(5)))
        while let errand = open.popLast() {
            let actions = lanes.complete(errand, .ended(.expired), now: start + .seconds(5), jitter: 0)
            turned += turns(actions)
            open += runs(actions)
        }
        #expect(turned == [.forgotten] && lanes.breakers.isEmpty && lanes.known == 0 && lanes.held == 0)
    }

    @Test func aBreakerOfARevokedPartitionIsForgotten() throws {
        var lanes = try failing()
        _ = lanes.wake(now: start + .seconds(1))
        let probes = runs(lanes.wake(now: start + .seconds(5)))
        #expect(turns(lanes.revoke([outbox])).isEmpty, "calls are still under way")
        let actions = complete(&lanes, probes, .failed(LastAttempt(), after: nil), at: start + .seconds(6))
        #expect(turns(actions) == [.forgotten] && lanes.breakers.isEmpty && lanes.known == 0)
        lanes = try failing()
        #expect(turns(lanes.revoke([outbox])) == [.forgotten] && lanes.known == 0)
    }

    @Test func aRevokedPartitionDoesNotTakeTheBreakerOfAnotherAlong() throws {
        var lanes = try failing()
        _ = lanes.add(try parcel(1, in: announce, news: News(place: "x", isWhole: true)), now: start + .seconds(1))
        #expect(turns(lanes.revoke([outbox])).isEmpty)
        #expect(try lanes.breakers[party()]?.state == .open && lanes.held == 1)
        #expect(runs(lanes.wake(now: start + .seconds(5))).map(\.parcel.partition) == [announce])
    }

    @Test func ofARecipientThatIsWellNothingIsKeptForLongerThanAWindow() throws {
        var lanes = lanes()
        var alarm: NIODeadline?
        for number: Int64 in 0..<100 {
            let errand = runs(lanes.add(try parcel(number, in: announce, to: "DE-\(100 + number)"), now: start))
            alarm = alarms(complete(&lanes, errand, .ended(.delivered), at: start)).first ?? alarm
        }
        #expect(lanes.known == 100 && alarm == start + .seconds(30))
        #expect(alarms(lanes.wake(now: start + .seconds(30))).isEmpty)
        #expect(lanes.known == 0)
    }

    @Test func theTimeToAskAgainPassesWithoutHarmWhileOldCallsHang() throws {
        var lanes = lanes(perRecipient: 25)
        var open: Errands = []
        for offset: Int64 in 0..<60 { open += runs(lanes.add(try parcel(offset), now: start)) }
        for _ in 0..<20 { open += runs(lanes.complete(open.removeFirst(), .failed(LastAttempt(), after: nil), now: start, jitter: 0)) }
        #expect(try lanes.breakers[party()]?.state == .open)
        // The limit is reached by calls from before it opened.
        #expect(open.count == 24)
        #expect(runs(lanes.wake(now: start + .seconds(60))).count == 1)
        open += runs(complete(&lanes, [open.removeFirst()], .failed(LastAttempt(), after: nil), at: start + .seconds(61)))
        #expect(try lanes.breakers[party()]?.state == .halfOpen && lanes.running(party()) <= 25)
    }

    @Test(arguments: 0..<40)
    func nothingIsLostOrStuckHoweverARecipientBehaves(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let limit = Int.random(in: 1...6, using: &random)
        var lanes = lanes(perRecipient: limit, minimumCalls: Int.random(in: 1...10, using: &random))
        var (now, alarm, open) = (start, NIODeadline?.none, Errands())
        var (ends, order) = (Set<Int64>(), [String: [Int64]]())
        let names = ["DE-BIL", "NL-TAX", "DE-MSP"]
        let recipients = try names.map(party)
        func take(_ actions: Actions) {
            for action in actions {
                switch action {
                case .run(let errand): open.append(errand)
                case .alarm(let due): alarm = min(alarm ?? due, due)
                case .finish(let parcel, _):
                    if !ends.insert(parcel.offset).inserted { Issue.record("seed \(seed): \(parcel.offset) ended twice") }
                    order["\(parcel.recipient)\(parcel.key ?? "")", default: []].append(parcel.offset)
                case .gate, .abandon, .breaker: break
                }
            }
        }
        /// Each has its good and its bad times.
        func result(_ errand: Errand<Int>) -> ErrandResult {
            if let burial = errand.burial { return random.chance(50) ? .unburied(burial) : .ended(burial.ending) }
            let isBad = (now - start).nanoseconds / 20_000_000_000 % 2 == errand.parcel.offset % 2
            switch Int.random(in: 0..<20, using: &random) {
            case 0: return .hindered
            case 1: return .postponed
            case 2: return .rationed(until: now + .milliseconds(10))
            case 3: return .ended(.expired)
            case 4: return .unburied(Burial(cause: "", ending: random.pick([.dead, .expired]), attempts: 1, last: LastAttempt()))
            default: return random.chance(isBad ? 90 : 10) ? .failed(LastAttempt(), after: nil) : .ended(.delivered)
            }
        }
        var added: Int64 = 0
        while ends.count < 300 {
            let choice = Int.random(in: 0..<3, using: &random)
            if choice == 0, added < 300 {
                let name = random.pick(names)
                take(lanes.add(try parcel(added, in: announce, to: name, key: "\(name)|\(added % 7)"), now: now))
                added += 1
            } else if choice == 1, let index = open.indices.randomElement(using: &random) {
                let errand = open.remove(at: index)
                take(lanes.complete(errand, result(errand), now: now, jitter: .random(in: -1...1, using: &random)))
            } else if let due = alarm {
                (now, alarm) = (max(now, due), nil)
                take(lanes.wake(now: now))
            } else if added == 300, open.isEmpty {
                Issue.record("seed \(seed): stuck with \(lanes.held) records")
                return
            }
            if recipients.contains(where: { lanes.running($0) > limit }) || lanes.breakers.values.contains(where: { $0.state == .closed }) {
                Issue.record("seed \(seed): limit or breakers, \(lanes.breakers)")
            }
        }
        #expect(order.values.allSatisfy { $0 == $0.sorted() }, "seed \(seed)")
        #expect(lanes.held == 0 && lanes.breakers.isEmpty, "seed \(seed)")
        while let due = alarm {
            alarm = nil
            take(lanes.wake(now: due))
        }
        #expect(lanes.known == 0, "seed \(seed): something is remembered for ever")
    }
}
