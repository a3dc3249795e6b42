import Kafka
import NIOCore
import OCPI
import Support
import Testing

@testable import Delivery

@Suite struct DeliverySchedulerTests {
    private typealias DeliveryAttempts = [DeliveryAttempt<Int>]

    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
    private let one = TopicPartition(topic: "ocn.outbox.DE-BIL", partition: 0)
    private let two = TopicPartition(topic: "ocn.outbox.DE-BIL", partition: 1)

    private func scheduler(perRecipient: Int = 4, bytes: Int = 1_000_000) -> DeliveryScheduler<Int> {
        DeliveryScheduler(
            .init(
                perRecipient: perRecipient, bytesPerPartition: bytes, announcementQuota: .init(records: 0, bytes: 0, totalBytes: 0),
                backoff: Backoff(base: .milliseconds(500), cap: .seconds(60)), breaker: .init(minimumCalls: .max)))
    }

    private func pending(
        _ offset: Int64, _ key: String?, in partition: TopicPartition? = nil, epoch: UInt64 = 1, to recipient: String = "DE-BIL",
        bytes: Int = 100
    ) throws -> PendingRecord<Int> {
        PendingRecord(
            partition: partition ?? one, offset: offset, epoch: epoch, recipient: .party(try #require(PartyID(recipient))), key: key,
            bytes: bytes, payload: Int(offset))
    }

    private func runs(_ actions: [DeliveryScheduler<Int>.Action]) -> DeliveryAttempts {
        actions.compactMap { if case .run(let attempt) = $0 { attempt } else { nil } }
    }

    private func offsets(_ deliveryAttempts: DeliveryAttempts) -> [Int64] { deliveryAttempts.map(\.pending.offset) }

    private func finished(_ actions: [DeliveryScheduler<Int>.Action]) -> [Int64] {
        actions.compactMap { if case .finish(let pending, _) = $0 { pending.offset } else { nil } }
    }

    private func alarms(_ actions: [DeliveryScheduler<Int>.Action]) -> [NIODeadline] {
        actions.compactMap { if case .alarm(let due) = $0 { due } else { nil } }
    }

    private func abandoned(_ actions: [DeliveryScheduler<Int>.Action]) -> [Int] {
        actions.compactMap { if case .abandon(_, epoch: 1, let records) = $0 { records } else { nil } }
    }

    private func pauseChanges(_ actions: [DeliveryScheduler<Int>.Action]) -> Int {
        actions.count { if case .pauseChanged = $0 { true } else { false } }
    }

    @Test func oneRecordOfAKeyQueueIsUnderWayAtATime() throws {
        var scheduler = scheduler()
        scheduler.assign([one], epoch: 1)
        let first = runs(scheduler.add(try pending(1, "a"), now: start))
        #expect(offsets(first) == [1])
        #expect(runs(scheduler.add(try pending(2, "a"), now: start)).isEmpty)
        let actions = scheduler.complete(first[0], .ended(.delivered), now: start, jitter: 0)
        #expect(finished(actions) == [1])
        #expect(offsets(runs(actions)) == [2])
    }

    @Test func keyQueuesRunInParallelUpToTheRecipientsLimit() throws {
        var scheduler = scheduler(perRecipient: 2)
        scheduler.assign([one, two], epoch: 1)
        let a = runs(scheduler.add(try pending(1, "a"), now: start))
        let b = runs(scheduler.add(try pending(1, "b", in: two), now: start))
        #expect(a.count == 1 && b.count == 1)
        #expect(runs(scheduler.add(try pending(2, "c"), now: start)).isEmpty)
        #expect(runs(scheduler.add(try pending(3, nil), now: start)).isEmpty)
        let next = runs(scheduler.complete(a[0], .ended(.delivered), now: start, jitter: 0))
        #expect(offsets(next) == [2])
        #expect(offsets(runs(scheduler.complete(b[0], .ended(.delivered), now: start, jitter: 0))) == [3])
    }

    @Test func recordsWithoutAKeyWaitForNothing() throws {
        var scheduler = scheduler()
        scheduler.assign([one], epoch: 1)
        #expect(runs(scheduler.add(try pending(1, nil), now: start)).count == 1)
        #expect(runs(scheduler.add(try pending(2, nil), now: start)).count == 1)
    }

    @Test func recipientsDoNotShareALimit() throws {
        var scheduler = scheduler(perRecipient: 1)
        let other = TopicPartition(topic: "ocn.outbox.NL-TAX", partition: 0)
        scheduler.assign([one, other], epoch: 1)
        #expect(runs(scheduler.add(try pending(1, "a"), now: start)).count == 1)
        #expect(runs(scheduler.add(try pending(2, "b"), now: start)).isEmpty)
        #expect(runs(scheduler.add(try pending(1, "a", in: other, to: "NL-TAX"), now: start)).count == 1)
    }

    @Test("Scenario 28: a retry is never early, and only its own object waits for it")
    func aFailingHeadWaitsAndOnlyItsKeyQueueWaits() throws {
        var scheduler = scheduler()
        scheduler.assign([one], epoch: 1)
        let head = runs(scheduler.add(try pending(1, "a"), now: start))[0]
        _ = scheduler.add(try pending(2, "a"), now: start)
        let failed = scheduler.complete(head, .failed(LastAttempt(httpStatus: 500), after: nil), now: start, jitter: 0)
        #expect(finished(failed).isEmpty && runs(failed).isEmpty)
        #expect(alarms(failed) == [start + .milliseconds(500)])
        #expect(offsets(runs(scheduler.add(try pending(3, "b"), now: start))) == [3])
        #expect(runs(scheduler.wake(now: start + .milliseconds(499))).isEmpty)
        let again = runs(scheduler.wake(now: start + .milliseconds(500)))
        #expect(offsets(again) == [1])
        #expect(again[0].attempts == 1)
        #expect(again[0].last.httpStatus == 500)
        // The failure count starts at zero for the next record.
        let next = runs(scheduler.complete(again[0], .ended(.delivered), now: start + .seconds(1), jitter: 0))
        #expect(offsets(next) == [2])
        #expect(next[0].attempts == 0 && next[0].last == LastAttempt())
    }

    @Test func theRecipientsOwnWishIsHeeded() throws {
        var scheduler = scheduler()
        scheduler.assign([one], epoch: 1)
        let head = runs(scheduler.add(try pending(1, "a"), now: start))[0]
        let actions = scheduler.complete(head, .failed(LastAttempt(), after: .seconds(90)), now: start, jitter: 0)
        #expect(alarms(actions) == [start + .seconds(90)])
    }

    @Test("Scenario 30: a dead letter that cannot be written is written later, and nothing is sent again")
    func aDeadLetterThatCannotBeWrittenIsWrittenLaterWithoutSendingAgain() throws {
        var scheduler = scheduler()
        scheduler.assign([one], epoch: 1)
        let head = runs(scheduler.add(try pending(1, "a"), now: start))[0]
        let deadLetter = DeadLetterRequest(cause: "rejected", ending: .dead, attempts: 1, last: LastAttempt(httpStatus: 400))
        _ = scheduler.complete(head, .deadLetterFailed(deadLetter), now: start, jitter: 0)
        let again = runs(scheduler.wake(now: start + .seconds(1)))
        #expect(again.first?.deadLetter == deadLetter)
        #expect(finished(scheduler.complete(again[0], .ended(.dead), now: start, jitter: 0)) == [1])
        #expect(scheduler.held == 0)
    }

    @Test func aDeadRecipientDoesNotKeepUsBusy() throws {
        var scheduler = scheduler(perRecipient: 4)
        scheduler.assign([one], epoch: 1)
        var now = start
        var open: DeliveryAttempts = []
        for offset in 0..<100 { open += runs(scheduler.add(try pending(Int64(offset), "k\(offset)"), now: start)) }
        var attempts = 0
        var alarm: NIODeadline?
        // Ten minutes in which every attempt fails at once.
        while now < start + .minutes(10) {
            while let attempt = open.popLast() {
                attempts += 1
                let actions = scheduler.complete(attempt, .failed(LastAttempt(), after: nil), now: now, jitter: 0)
                open += runs(actions)
                alarm = alarms(actions).first ?? alarm
            }
            now = try #require(alarm)
            let actions = scheduler.wake(now: now)
            open = runs(actions)
            alarm = alarms(actions).first ?? alarm
        }
        // 7 attempts in the first half minute, then one per minute, for each of 100 key queues.
        #expect(attempts <= 100 * 18)
    }

    @Test("Scenario 6: what waits is bounded in bytes by pausing its partition")
    func memoryIsBoundedByPausingThePartition() throws {
        var scheduler = scheduler(perRecipient: 100, bytes: 1000)
        scheduler.assign([one], epoch: 1)
        var open: DeliveryAttempts = []
        var paused = 0
        for offset in 0..<11 {
            let actions = scheduler.add(try pending(Int64(offset), "k\(offset)"), now: start)
            open += runs(actions)
            paused += pauseChanges(actions)
        }
        #expect(paused == 1)
        #expect(scheduler.isPaused(one))
        for (done, attempt) in open.enumerated() {
            let actions = scheduler.complete(attempt, .ended(.delivered), now: start, jitter: 0)
            #expect(pauseChanges(actions) == (done == 5 ? 1 : 0))
        }
        #expect(!scheduler.isPaused(one))
    }

    @Test func nothingOfARevokedPartitionIsStarted() throws {
        var scheduler = scheduler(perRecipient: 1)
        scheduler.assign([one], epoch: 1)
        let running = runs(scheduler.add(try pending(1, "a"), now: start))[0]
        _ = scheduler.add(try pending(2, "a"), now: start)
        _ = scheduler.add(try pending(3, "b"), now: start)
        #expect(abandoned(scheduler.revoke([one])) == [2], "what is under way may still end")
        #expect(scheduler.held == 0)
        let actions = scheduler.complete(running, .ended(.delivered), now: start, jitter: 0)
        #expect(finished(actions) == [1])
        #expect(runs(actions).isEmpty)
        #expect(scheduler.running(running.pending.recipient) == 0)
    }

    @Test("Scenario 9: what fails late under an old assignment changes nothing")
    func aFailureUnderAnOldAssignmentChangesNothing() throws {
        var scheduler = scheduler()
        scheduler.assign([one], epoch: 1)
        let old = runs(scheduler.add(try pending(1, "a"), now: start))[0]
        scheduler.revoke([one])
        scheduler.assign([one], epoch: 2)
        #expect(scheduler.add(try pending(1, "a", epoch: 1), now: start).isEmpty)
        let new = runs(scheduler.add(try pending(1, "a", epoch: 2), now: start))
        #expect(new.count == 1)
        let actions = scheduler.complete(old, .failed(LastAttempt(), after: nil), now: start, jitter: 0)
        #expect(abandoned(actions) == [1] && actions.count == 1, "it will not end under that assignment")
        #expect(finished(scheduler.complete(new[0], .ended(.delivered), now: start, jitter: 0)) == [1])
    }

    @Test func theLimitCountsCallsOfARevokedAssignmentToo() throws {
        var scheduler = scheduler(perRecipient: 1)
        scheduler.assign([one], epoch: 1)
        let old = runs(scheduler.add(try pending(1, "a"), now: start))[0]
        scheduler.revoke([one])
        scheduler.assign([one], epoch: 2)
        #expect(runs(scheduler.add(try pending(1, "a", epoch: 2), now: start)).isEmpty)
        let actions = scheduler.complete(old, .failed(LastAttempt(), after: nil), now: start, jitter: 0)
        #expect(offsets(runs(actions)) == [1])
    }

    @Test(arguments: 0..<200)
    func everyRecordEndsOnceInTheOrderOfItsKeyQueue(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let limit = Int.random(in: 1...6, using: &random)
        var scheduler = scheduler(perRecipient: limit, bytes: Int.random(in: 500...20_000, using: &random))
        scheduler.assign([one, two], epoch: 1)
        var now = start
        var open: DeliveryAttempts = []
        var alarm: NIODeadline?
        var done: [String: [Int64]] = [:]
        var added = 0
        let total = 200

        func take(_ actions: [DeliveryScheduler<Int>.Action]) {
            for action in actions {
                switch action {
                case .run(let attempt): open.append(attempt)
                case .alarm(let due): alarm = min(alarm ?? due, due)
                case .finish(let pending, _): done["\(pending.partition)\(pending.key ?? "")", default: []].append(pending.offset)
                case .pauseChanged, .abandon, .breaker: break
                }
            }
            #expect(open.count <= limit, "seed \(seed)")
            #expect(
                Set(open.map { "\($0.pending.partition)\($0.pending.key ?? "\($0.pending.offset)")" }).count == open.count, "seed \(seed)")
        }

        while done.values.map(\.count).reduce(0, +) < total {
            let choice = Int.random(in: 0..<3, using: &random)
            if choice == 0, added < total {
                let key = Int.random(in: 0..<9, using: &random)
                take(scheduler.add(try pending(Int64(added), key == 0 ? nil : "k\(key)", in: key % 2 == 0 ? one : two), now: now))
                added += 1
            } else if choice == 1, let index = open.indices.randomElement(using: &random) {
                let attempt = open.remove(at: index)
                let fails = Int.random(in: 0..<3, using: &random) == 0
                let result: AttemptResult = fails ? .failed(LastAttempt(), after: nil) : .ended(.delivered)
                take(scheduler.complete(attempt, result, now: now, jitter: Double.random(in: -1...1, using: &random)))
            } else if let due = alarm {
                now = max(now, due)
                alarm = nil
                take(scheduler.wake(now: now))
            } else if added == total, open.isEmpty {
                Issue.record("seed \(seed): stuck with \(scheduler.held) records")
                return
            }
        }
        #expect(scheduler.held == 0, "seed \(seed)")
        for (keyQueue, offsets) in done where keyQueue != "\(one)" && keyQueue != "\(two)" {
            #expect(offsets == offsets.sorted(), "seed \(seed), key queue \(keyQueue)")
        }
        #expect(Set(done.values.joined()).count == total, "seed \(seed)")
    }
}

@Suite struct BackoffTests {
    private let backoff = Backoff(base: .milliseconds(500), cap: .seconds(60))

    @Test func doublesUpToItsCap() {
        #expect(
            [1, 2, 3, 7, 8, 100].map { backoff.delay(failures: $0, jitter: 0) }
                == [.milliseconds(500), .seconds(1), .seconds(2), .seconds(32), .seconds(60), .seconds(60)])
    }

    @Test func jitterIsAFifthEitherWay() {
        #expect(backoff.delay(failures: 2, jitter: -1) == .milliseconds(800))
        #expect(backoff.delay(failures: 2, jitter: 1) == .milliseconds(1200))
        #expect(backoff.delay(failures: 2, jitter: 50) == .milliseconds(1200))
    }

    @Test func survivesStrangeFigures() {
        let strange = Backoff(base: .zero, cap: .nanoseconds(.max / 2))
        #expect(strange.delay(failures: .max, jitter: 1) > .hours(24))
        #expect(strange.delay(failures: 0, jitter: 0) <= .nanoseconds(1))
    }
}
