import Directory
import Kafka
import NIOCore
import OCPI
import Support
import Testing

@testable import Delivery

/// Which recipients are called when calls fail, without Kafka and real time.
@Suite struct DeliverySchedulerBreakerTests {
    private typealias Actions = [DeliveryScheduler<Int>.Action]
    private typealias DeliveryAttempts = [DeliveryAttempt<Int>]

    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    private let outbox = TopicPartition(topic: "ocn.outbox.DE-BIL", partition: 0)
    private let other = TopicPartition(topic: "ocn.outbox.NL-TAX", partition: 0)
    private let announce = TopicPartition(topic: "ocn.announce", partition: 0)

    private func scheduler(perRecipient: Int = 32, minimumCalls: Int = 20) -> DeliveryScheduler<Int> {
        var scheduler = DeliveryScheduler<Int>(
            .init(
                perRecipient: perRecipient, bytesPerPartition: .max, announcementQuota: .init(records: 1000, bytes: .max, totalBytes: .max),
                backoff: Backoff(base: .milliseconds(500), cap: .seconds(60)), breaker: .init(minimumCalls: minimumCalls)))
        scheduler.assign([outbox, other, announce], epoch: 1)
        return scheduler
    }

    private func party(_ text: String = "DE-BIL") throws -> Recipient { .party(try #require(PartyID(text))) }

    private func pending(
        _ offset: Int64, in partition: TopicPartition? = nil, to recipient: String = "DE-BIL", key: String? = nil,
        supersession: Supersession? = nil,
        epoch: UInt64 = 1
    ) throws -> PendingRecord<Int> {
        PendingRecord(
            partition: partition ?? outbox, offset: offset, epoch: epoch, recipient: try party(recipient), key: key ?? "\(offset)",
            supersession: supersession, bytes: 1, payload: Int(offset))
    }

    private func runs(_ actions: Actions) -> DeliveryAttempts {
        actions.compactMap { if case .run(let attempt) = $0 { attempt } else { nil } }
    }

    private func transitions(_ actions: Actions) -> [BreakerTransition] {
        actions.compactMap { if case .breaker(_, let transition) = $0 { transition } else { nil } }
    }

    private func alarms(_ actions: Actions) -> [NIODeadline] {
        actions.compactMap { if case .alarm(let due) = $0 { due } else { nil } }
    }

    private func complete(
        _ scheduler: inout DeliveryScheduler<Int>, _ deliveryAttempts: DeliveryAttempts, _ result: AttemptResult, at now: NIODeadline
    ) -> Actions {
        deliveryAttempts.flatMap { scheduler.complete($0, result, now: now, jitter: 0) }
    }

    @Test func whatIsPastItsHorizonIsGivenUpAlsoWhileNobodyIsCalled() throws {
        var scheduler = scheduler()
        let first = runs(scheduler.add(try pending(100), now: start))
        // The rate limit of `ocn.dead` is used up; then the others fail and the breaker opens.
        _ = complete(&scheduler, first, .limited(until: start + .seconds(1)), at: start)
        var open: DeliveryAttempts = []
        for offset: Int64 in 0..<31 { open += runs(scheduler.add(try pending(offset), now: start)) }
        _ = complete(&scheduler, open, .failed(LastAttempt(httpStatus: 503), after: nil), at: start)
        #expect(scheduler.breakers[try party()]?.state == .open)
        let again = runs(scheduler.wake(now: start + .seconds(1))).filter { $0.pending.offset == 100 }
        #expect(again.count == 1 && again.first?.permit == nil, "nobody is called for it")
    }

    @Test func answersAboutUnknownObjectsHoldUpOnlyThoseObjects() throws {
        var scheduler = scheduler()
        var open: DeliveryAttempts = []
        for offset: Int64 in 0..<32 { open += runs(scheduler.add(try pending(offset), now: start)) }
        _ = complete(&scheduler, open, .failed(LastAttempt(httpStatus: 404), after: nil), at: start)
        #expect(scheduler.breakers.isEmpty)
        #expect(runs(scheduler.add(try pending(50), now: start)).count == 1)
    }

    /// The recipient's node reports it; the party itself is connected.
    @Test func aModuleThatARecipientLacksHoldsUpOnlyItsOwnObjects() throws {
        var scheduler = scheduler()
        var open: DeliveryAttempts = []
        for offset: Int64 in 0..<32 { open += runs(scheduler.add(try pending(offset), now: start)) }
        _ = complete(&scheduler, open, .moduleMissing(LastAttempt(httpStatus: 400, status: 2001)), at: start)
        #expect(scheduler.breakers.isEmpty)
        #expect(runs(scheduler.add(try pending(50), now: start)).count == 1)
        let again = runs(scheduler.wake(now: start + .milliseconds(500)))
        #expect(again.count == 31 && again.allSatisfy { $0.attempts == 1 && $0.last.status == 2001 })
    }

    /// 40 objects of DE-BIL, of which 32 calls failed: the breaker has opened.
    private func failing() throws -> DeliveryScheduler<Int> {
        var scheduler = scheduler()
        var open: DeliveryAttempts = []
        for offset: Int64 in 0..<40 { open += runs(scheduler.add(try pending(offset), now: start)) }
        #expect(open.count == 32)
        let actions = complete(&scheduler, open, .failed(LastAttempt(), after: nil), at: start)
        #expect(transitions(actions) == [.opened])
        // Those that fitted into the limit while calls were made; they are still running.
        let late = runs(actions)
        #expect(late.count == 8)
        #expect(runs(complete(&scheduler, late, .failed(LastAttempt(), after: nil), at: start)).isEmpty)
        return scheduler
    }

    @Test func aRecipientThatFailsIsNotCalledWhileOthersAre() throws {
        var scheduler = try failing()
        #expect(try scheduler.breakers[party()] == BreakerReading(state: .open, since: start))
        #expect(runs(scheduler.wake(now: start + .seconds(1))).isEmpty, "their back-off is over, but nobody may call")
        #expect(runs(scheduler.add(try pending(50), now: start + .seconds(1))).isEmpty)
        #expect(runs(scheduler.add(try pending(1, in: other, to: "NL-TAX"), now: start + .seconds(1))).count == 1)
        #expect(try scheduler.held == 42 && scheduler.running(party()) == 0)
    }

    @Test func anAnnouncementToAPartyThatFailsWaitsToo() throws {
        var scheduler = try failing()
        let supersession = Supersession(place: "x", isWhole: true)
        #expect(runs(scheduler.add(try pending(1, in: announce, supersession: supersession), now: start + .seconds(1))).isEmpty)
        #expect(
            runs(scheduler.add(try pending(2, in: announce, to: "NL-TAX", supersession: supersession), now: start + .seconds(1))).count == 1
        )
    }

    @Test func whenThePauseIsOverAFewAreSentAndWhenTheySucceedAllAre() throws {
        var scheduler = try failing()
        let alarm = alarms(scheduler.wake(now: start + .seconds(1)))
        #expect(alarm == [start + .seconds(5)], "woken again when the recipient may be asked")
        let now = start + .seconds(5)
        var probes = runs(scheduler.wake(now: now))
        #expect(try probes.count == 3 && scheduler.breakers[party()] == BreakerReading(state: .halfOpen, since: start))
        #expect(runs(scheduler.wake(now: now + .seconds(10))).isEmpty)
        let last = probes.removeLast()
        #expect(complete(&scheduler, probes, .ended(.delivered), at: now).count { if case .run = $0 { true } else { false } } == 0)
        let actions = scheduler.complete(last, .ended(.delivered), now: now, jitter: 0)
        #expect(transitions(actions) == [.closed] && scheduler.breakers.isEmpty)
        #expect(runs(actions).count == 32)
    }

    @Test func probesThatFailLeaveItAloneForLongerAndAreToldOnce() throws {
        var scheduler = try failing()
        _ = scheduler.wake(now: start + .seconds(1))
        let now = start + .seconds(5)
        let probes = runs(scheduler.wake(now: now))
        let actions = complete(&scheduler, probes, .failed(LastAttempt(), after: nil), at: now)
        #expect(transitions(actions).isEmpty && runs(actions).isEmpty)
        #expect(try scheduler.breakers[party()] == BreakerReading(state: .open, since: start), "it has not been closed since")
        #expect(runs(scheduler.wake(now: now + .milliseconds(9999))).isEmpty)
        #expect(runs(scheduler.wake(now: now + .seconds(10))).count == 3)
    }

    @Test func anAnswerThatRefusesACopyShowsThatTheRecipientIsThere() throws {
        var scheduler = try failing()
        _ = scheduler.wake(now: start + .seconds(1))
        let probes = runs(scheduler.wake(now: start + .seconds(5)))
        let deadLetter = DeadLetterRequest(cause: "rejected", ending: .dead, attempts: 2, last: LastAttempt(httpStatus: 400))
        _ = scheduler.complete(probes[0], .ended(.dead), now: start + .seconds(5), jitter: 0)
        _ = scheduler.complete(probes[1], .ended(.dropped(.rejected)), now: start + .seconds(5), jitter: 0)
        let actions = scheduler.complete(probes[2], .deadLetterFailed(deadLetter), now: start + .seconds(5), jitter: 0)
        #expect(transitions(actions) == [.closed])
    }

    @Test func whatIsNoCallSaysNothingAboutTheRecipient() throws {
        let neutral: [AttemptResult] = [
            .hindered, .postponed, .limited(until: start + .seconds(9)), .ended(.expired), .ended(.withheld), .ended(.topic),
            .ended(.unsendable), .ended(.dropped(.expired)), .ended(.dropped(.notConnected)), .ended(.dropped(.noDestination)),
            .deadLetterFailed(DeadLetterRequest(cause: "expired", ending: .expired, attempts: 0, last: LastAttempt())),
        ]
        for result in neutral {
            var scheduler = scheduler(minimumCalls: 1)
            let attempt = runs(scheduler.add(try pending(1), now: start))
            _ = complete(&scheduler, attempt, result, at: start)
            #expect(scheduler.breakers.isEmpty, "\(result)")
            var failing = try failing()
            _ = failing.wake(now: start + .seconds(1))
            let probes = runs(failing.wake(now: start + .seconds(5)))
            let next = runs(complete(&failing, probes, result, at: start + .seconds(5)))
            #expect(try next.count == 3 && failing.breakers[party()]?.state == .halfOpen, "\(result): others are the probes")
        }
    }

    @Test func whatCouldNotBeTriedCountsAsNoAttemptAndWaitsLongerAndLonger() throws {
        var scheduler = scheduler()
        var attempt = runs(scheduler.add(try pending(1), now: start))
        _ = complete(&scheduler, attempt, .failed(LastAttempt(httpStatus: 500), after: nil), at: start)
        attempt = runs(scheduler.wake(now: start + .milliseconds(500)))
        let hindered = complete(&scheduler, attempt, .hindered, at: start + .milliseconds(500))
        #expect(alarms(hindered) == [start + .milliseconds(1500)])
        attempt = runs(scheduler.wake(now: start + .milliseconds(1500)))
        #expect(attempt.first?.attempts == 1 && attempt.first?.last.httpStatus == 500)
    }

    @Test func onlyAnAnswerEndsTheBackOffOfAKeyQueue() throws {
        for (ending, delay) in [(DeliveryOutcome.expired, 2), (.withheld, 2), (.delivered, 1), (.dead, 1)] {
            var scheduler = scheduler()
            let first = runs(scheduler.add(try pending(1, key: "a"), now: start))
            _ = scheduler.add(try pending(2, key: "a"), now: start)
            _ = complete(&scheduler, first, .failed(LastAttempt(), after: nil), at: start)
            let second = runs(complete(&scheduler, runs(scheduler.wake(now: start + .seconds(1))), .ended(ending), at: start + .seconds(1)))
            #expect(second.map(\.pending.offset) == [2], "\(ending)")
            let failed = complete(&scheduler, second, .failed(LastAttempt(), after: nil), at: start + .seconds(1))
            #expect(alarms(failed) == [start + .seconds(1) + .milliseconds(Int64(500 * delay))], "\(ending)")
        }
    }

    @Test func aDeadLetterThatCouldNotBeWrittenNeedsNoPermit() throws {
        var scheduler = scheduler()
        let deadLetter = DeadLetterRequest(cause: "rejected", ending: .dead, attempts: 1, last: LastAttempt(httpStatus: 400))
        let first = runs(scheduler.add(try pending(100), now: start))
        _ = complete(&scheduler, first, .deadLetterFailed(deadLetter), at: start)
        var open: DeliveryAttempts = []
        for offset: Int64 in 0..<32 { open += runs(scheduler.add(try pending(offset), now: start)) }
        #expect(transitions(complete(&scheduler, open, .failed(LastAttempt(), after: nil), at: start)) == [.opened])
        let again = runs(scheduler.wake(now: start + .milliseconds(500)))
        #expect(again.map(\.pending.offset) == [100] && again.first?.deadLetter == deadLetter && again.first?.permit == nil)
        _ = complete(&scheduler, again, .ended(.dead), at: start + .milliseconds(500))
        #expect(try scheduler.breakers[party()]?.state == .open, "it was nobody's answer")
    }

    @Test func aBreakerIsForgottenWhenNothingIsLeftToAskWith() throws {
        var scheduler = try failing()
        _ = scheduler.wake(now: start + .seconds(1))
        // All waiting records have expired meanwhile.
        var turned: [BreakerTransition] = []
        var open = runs(scheduler.wake(now: start + .seconds(5)))
        while let attempt = open.popLast() {
            let actions = scheduler.complete(attempt, .ended(.expired), now: start + .seconds(5), jitter: 0)
            turned += transitions(actions)
            open += runs(actions)
        }
        #expect(turned == [.forgotten] && scheduler.breakers.isEmpty && scheduler.known == 0 && scheduler.held == 0)
    }

    @Test func aBreakerOfARevokedPartitionIsForgotten() throws {
        var scheduler = try failing()
        _ = scheduler.wake(now: start + .seconds(1))
        let probes = runs(scheduler.wake(now: start + .seconds(5)))
        #expect(transitions(scheduler.revoke([outbox])).isEmpty, "calls are still under way")
        let actions = complete(&scheduler, probes, .failed(LastAttempt(), after: nil), at: start + .seconds(6))
        #expect(transitions(actions) == [.forgotten] && scheduler.breakers.isEmpty && scheduler.known == 0)
        scheduler = try failing()
        #expect(transitions(scheduler.revoke([outbox])) == [.forgotten] && scheduler.known == 0)
    }

    @Test func aRevokedPartitionDoesNotTakeTheBreakerOfAnotherAlong() throws {
        var scheduler = try failing()
        _ = scheduler.add(try pending(1, in: announce, supersession: Supersession(place: "x", isWhole: true)), now: start + .seconds(1))
        #expect(transitions(scheduler.revoke([outbox])).isEmpty)
        #expect(try scheduler.breakers[party()]?.state == .open && scheduler.held == 1)
        #expect(runs(scheduler.wake(now: start + .seconds(5))).map(\.pending.partition) == [announce])
    }

    @Test func ofARecipientThatIsWellNothingIsKeptForLongerThanAWindow() throws {
        var scheduler = scheduler()
        var alarm: NIODeadline?
        for number: Int64 in 0..<100 {
            let attempt = runs(scheduler.add(try pending(number, in: announce, to: "DE-\(100 + number)"), now: start))
            alarm = alarms(complete(&scheduler, attempt, .ended(.delivered), at: start)).first ?? alarm
        }
        #expect(scheduler.known == 100 && alarm == start + .seconds(30))
        #expect(alarms(scheduler.wake(now: start + .seconds(30))).isEmpty)
        #expect(scheduler.known == 0)
    }

    @Test func theTimeToAskAgainPassesWithoutHarmWhileOldCallsHang() throws {
        var scheduler = scheduler(perRecipient: 25)
        var open: DeliveryAttempts = []
        for offset: Int64 in 0..<60 { open += runs(scheduler.add(try pending(offset), now: start)) }
        for _ in 0..<20 { open += runs(scheduler.complete(open.removeFirst(), .failed(LastAttempt(), after: nil), now: start, jitter: 0)) }
        #expect(try scheduler.breakers[party()]?.state == .open)
        // Calls from before the breaker opened reach the limit.
        #expect(open.count == 24)
        #expect(runs(scheduler.wake(now: start + .seconds(60))).count == 1)
        open += runs(complete(&scheduler, [open.removeFirst()], .failed(LastAttempt(), after: nil), at: start + .seconds(61)))
        #expect(try scheduler.breakers[party()]?.state == .halfOpen && scheduler.running(party()) <= 25)
    }

    @Test(arguments: 0..<40)
    func nothingIsLostOrStuckHoweverARecipientBehaves(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let limit = Int.random(in: 1...6, using: &random)
        var scheduler = scheduler(perRecipient: limit, minimumCalls: Int.random(in: 1...10, using: &random))
        var (now, alarm, open) = (start, NIODeadline?.none, DeliveryAttempts())
        var (ends, order) = (Set<Int64>(), [String: [Int64]]())
        let names = ["DE-BIL", "NL-TAX", "DE-MSP"]
        let recipients = try names.map(party)
        func take(_ actions: Actions) {
            for action in actions {
                switch action {
                case .run(let attempt): open.append(attempt)
                case .alarm(let due): alarm = min(alarm ?? due, due)
                case .finish(let pending, _):
                    if !ends.insert(pending.offset).inserted { Issue.record("seed \(seed): \(pending.offset) ended twice") }
                    order["\(pending.recipient)\(pending.key ?? "")", default: []].append(pending.offset)
                case .pauseChanged, .abandon, .breaker: break
                }
            }
        }
        /// Each recipient has phases of success and of failure.
        func result(_ attempt: DeliveryAttempt<Int>) -> AttemptResult {
            if let deadLetter = attempt.deadLetter { return random.chance(50) ? .deadLetterFailed(deadLetter) : .ended(deadLetter.ending) }
            let isBad = (now - start).nanoseconds / 20_000_000_000 % 2 == attempt.pending.offset % 2
            switch Int.random(in: 0..<20, using: &random) {
            case 0: return .hindered
            case 1: return .postponed
            case 2: return .limited(until: now + .milliseconds(10))
            case 3: return .ended(.expired)
            case 4:
                return .deadLetterFailed(
                    DeadLetterRequest(cause: "", ending: random.pick([.dead, .expired]), attempts: 1, last: LastAttempt()))
            default: return random.chance(isBad ? 90 : 10) ? .failed(LastAttempt(), after: nil) : .ended(.delivered)
            }
        }
        var added: Int64 = 0
        while ends.count < 300 {
            let choice = Int.random(in: 0..<3, using: &random)
            if choice == 0, added < 300 {
                let name = random.pick(names)
                take(scheduler.add(try pending(added, in: announce, to: name, key: "\(name)|\(added % 7)"), now: now))
                added += 1
            } else if choice == 1, let index = open.indices.randomElement(using: &random) {
                let attempt = open.remove(at: index)
                take(scheduler.complete(attempt, result(attempt), now: now, jitter: .random(in: -1...1, using: &random)))
            } else if let due = alarm {
                (now, alarm) = (max(now, due), nil)
                take(scheduler.wake(now: now))
            } else if added == 300, open.isEmpty {
                Issue.record("seed \(seed): stuck with \(scheduler.held) records")
                return
            }
            if recipients.contains(where: { scheduler.running($0) > limit })
                || scheduler.breakers.values.contains(where: { $0.state == .closed })
            {
                Issue.record("seed \(seed): limit or breakers, \(scheduler.breakers)")
            }
        }
        #expect(order.values.allSatisfy { $0 == $0.sorted() }, "seed \(seed)")
        #expect(scheduler.held == 0 && scheduler.breakers.isEmpty, "seed \(seed)")
        while let due = alarm {
            alarm = nil
            take(scheduler.wake(now: due))
        }
        #expect(scheduler.known == 0, "seed \(seed): something is remembered for ever")
    }
}
