import Kafka
import NIOCore
import OCPI
import Testing

@testable import Delivery

@Suite struct LanesTests {
    private typealias Errands = [Errand<Int>]

    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
    private let one = TopicPartition(topic: "ocn.outbox.DE-BIL", partition: 0)
    private let two = TopicPartition(topic: "ocn.outbox.DE-BIL", partition: 1)

    private func lanes(perRecipient: Int = 4, bytes: Int = 1_000_000) -> Lanes<Int> {
        Lanes(
            .init(
                perRecipient: perRecipient, bytesPerPartition: bytes, crowd: .init(records: 0, bytes: 0, totalBytes: 0),
                backoff: Backoff(base: .milliseconds(500), cap: .seconds(60)), breaker: .init(minimumCalls: .max)))
    }

    private func parcel(
        _ offset: Int64, _ key: String?, in partition: TopicPartition? = nil, epoch: UInt64 = 1, to recipient: String = "DE-BIL",
        bytes: Int = 100
    ) throws -> Parcel<Int> {
        Parcel(
            partition: partition ?? one, offset: offset, epoch: epoch, recipient: .party(try #require(PartyID(recipient))), key: key,
            bytes: bytes, cargo: Int(offset))
    }

    private func runs(_ actions: [Lanes<Int>.Action]) -> Errands {
        actions.compactMap { if case .run(let errand) = $0 { errand } else { nil } }
    }

    private func offsets(_ errands: Errands) -> [Int64] { errands.map(\.parcel.offset) }

    private func finished(_ actions: [Lanes<Int>.Action]) -> [Int64] {
        actions.compactMap { if case .finish(let parcel, _) = $0 { parcel.offset } else { nil } }
    }

    private func alarms(_ actions: [Lanes<Int>.Action]) -> [NIODeadline] {
        actions.compactMap { if case .alarm(let due) = $0 { due } else { nil } }
    }

    private func abandoned(_ actions: [Lanes<Int>.Action]) -> [Int] {
        actions.compactMap { if case .abandon(_, epoch: 1, let records) = $0 { records } else { nil } }
    }

    private func gates(_ actions: [Lanes<Int>.Action]) -> Int {
        actions.count { if case .gate = $0 { true } else { false } }
    }

    @Test func oneRecordOfALaneIsUnderWayAtATime() throws {
        var lanes = lanes()
        lanes.assign([one], epoch: 1)
        let first = runs(lanes.add(try parcel(1, "a"), now: start))
        #expect(offsets(first) == [1])
        #expect(runs(lanes.add(try parcel(2, "a"), now: start)).isEmpty)
        let actions = lanes.complete(first[0], .ended(.delivered), now: start, jitter: 0)
        #expect(finished(actions) == [1])
        #expect(offsets(runs(actions)) == [2])
    }

    @Test func lanesGoSideBySideUpToTheRecipientsLimit() throws {
        var lanes = lanes(perRecipient: 2)
        lanes.assign([one, two], epoch: 1)
        let a = runs(lanes.add(try parcel(1, "a"), now: start))
        let b = runs(lanes.add(try parcel(1, "b", in: two), now: start))
        #expect(a.count == 1 && b.count == 1)
        #expect(runs(lanes.add(try parcel(2, "c"), now: start)).isEmpty)
        #expect(runs(lanes.add(try parcel(3, nil), now: start)).isEmpty)
        let next = runs(lanes.complete(a[0], .ended(.delivered), now: start, jitter: 0))
        #expect(offsets(next) == [2])
        #expect(offsets(runs(lanes.complete(b[0], .ended(.delivered), now: start, jitter: 0))) == [3])
    }

    @Test func recordsWithoutAKeyWaitForNothing() throws {
        var lanes = lanes()
        lanes.assign([one], epoch: 1)
        #expect(runs(lanes.add(try parcel(1, nil), now: start)).count == 1)
        #expect(runs(lanes.add(try parcel(2, nil), now: start)).count == 1)
    }

    @Test func recipientsDoNotShareALimit() throws {
        var lanes = lanes(perRecipient: 1)
        let other = TopicPartition(topic: "ocn.outbox.NL-TAX", partition: 0)
        lanes.assign([one, other], epoch: 1)
        #expect(runs(lanes.add(try parcel(1, "a"), now: start)).count == 1)
        #expect(runs(lanes.add(try parcel(2, "b"), now: start)).isEmpty)
        #expect(runs(lanes.add(try parcel(1, "a", in: other, to: "NL-TAX"), now: start)).count == 1)
    }

    @Test("Scenario 28: a retry is never early, and only its own object waits for it")
    func aFailingHeadWaitsAndOnlyItsLaneWaits() throws {
        var lanes = lanes()
        lanes.assign([one], epoch: 1)
        let head = runs(lanes.add(try parcel(1, "a"), now: start))[0]
        _ = lanes.add(try parcel(2, "a"), now: start)
        let failed = lanes.complete(head, .failed(LastAttempt(httpStatus: 500), after: nil), now: start, jitter: 0)
        #expect(finished(failed).isEmpty && runs(failed).isEmpty)
        #expect(alarms(failed) == [start + .milliseconds(500)])
        #expect(offsets(runs(lanes.add(try parcel(3, "b"), now: start))) == [3])
        #expect(runs(lanes.wake(now: start + .milliseconds(499))).isEmpty)
        let again = runs(lanes.wake(now: start + .milliseconds(500)))
        #expect(offsets(again) == [1])
        #expect(again[0].attempts == 1)
        #expect(again[0].last.httpStatus == 500)
        // The next record starts with a clean slate.
        let next = runs(lanes.complete(again[0], .ended(.delivered), now: start + .seconds(1), jitter: 0))
        #expect(offsets(next) == [2])
        #expect(next[0].attempts == 0 && next[0].last == LastAttempt())
    }

    @Test func theRecipientsOwnWishIsHeeded() throws {
        var lanes = lanes()
        lanes.assign([one], epoch: 1)
        let head = runs(lanes.add(try parcel(1, "a"), now: start))[0]
        let actions = lanes.complete(head, .failed(LastAttempt(), after: .seconds(90)), now: start, jitter: 0)
        #expect(alarms(actions) == [start + .seconds(90)])
    }

    @Test("Scenario 30: a dead letter that cannot be written is written later, and nothing is sent again")
    func aDeadLetterThatCannotBeWrittenIsWrittenLaterWithoutSendingAgain() throws {
        var lanes = lanes()
        lanes.assign([one], epoch: 1)
        let head = runs(lanes.add(try parcel(1, "a"), now: start))[0]
        let burial = Burial(cause: "rejected", ending: .dead, attempts: 1, last: LastAttempt(httpStatus: 400))
        _ = lanes.complete(head, .unburied(burial), now: start, jitter: 0)
        let again = runs(lanes.wake(now: start + .seconds(1)))
        #expect(again.first?.burial == burial)
        #expect(finished(lanes.complete(again[0], .ended(.dead), now: start, jitter: 0)) == [1])
        #expect(lanes.held == 0)
    }

    @Test func aDeadRecipientDoesNotKeepUsBusy() throws {
        var lanes = lanes(perRecipient: 4)
        lanes.assign([one], epoch: 1)
        var now = start
        var open: Errands = []
        for offset in 0..<100 { open += runs(lanes.add(try parcel(Int64(offset), "k\(offset)"), now: start)) }
        var attempts = 0
        var alarm: NIODeadline?
        // Ten minutes in which every attempt fails at once.
        while now < start + .minutes(10) {
            while let errand = open.popLast() {
                attempts += 1
                let actions = lanes.complete(errand, .failed(LastAttempt(), after: nil), now: now, jitter: 0)
                open += runs(actions)
                alarm = alarms(actions).first ?? alarm
            }
            now = try #require(alarm)
            let actions = lanes.wake(now: now)
            open = runs(actions)
            alarm = alarms(actions).first ?? alarm
        }
        // 7 attempts in the first half minute, then one a minute, for each of 100 lanes.
        #expect(attempts <= 100 * 18)
    }

    @Test("Scenario 6: what waits is bounded in bytes by pausing its partition")
    func memoryIsBoundedByPausingThePartition() throws {
        var lanes = lanes(perRecipient: 100, bytes: 1000)
        lanes.assign([one], epoch: 1)
        var open: Errands = []
        var paused = 0
        for offset in 0..<11 {
            let actions = lanes.add(try parcel(Int64(offset), "k\(offset)"), now: start)
            open += runs(actions)
            paused += gates(actions)
        }
        #expect(paused == 1)
        #expect(lanes.isPaused(one))
        for (done, errand) in open.enumerated() {
            let actions = lanes.complete(errand, .ended(.delivered), now: start, jitter: 0)
            #expect(gates(actions) == (done == 5 ? 1 : 0))
        }
        #expect(!lanes.isPaused(one))
    }

    @Test func nothingOfARevokedPartitionIsStarted() throws {
        var lanes = lanes(perRecipient: 1)
        lanes.assign([one], epoch: 1)
        let running = runs(lanes.add(try parcel(1, "a"), now: start))[0]
        _ = lanes.add(try parcel(2, "a"), now: start)
        _ = lanes.add(try parcel(3, "b"), now: start)
        #expect(abandoned(lanes.revoke([one])) == [2], "what is under way may still end")
        #expect(lanes.held == 0)
        let actions = lanes.complete(running, .ended(.delivered), now: start, jitter: 0)
        #expect(finished(actions) == [1])
        #expect(runs(actions).isEmpty)
        #expect(lanes.running(running.parcel.recipient) == 0)
    }

    @Test("Scenario 9: what fails late under an old assignment changes nothing")
    func aFailureUnderAnOldAssignmentChangesNothing() throws {
        var lanes = lanes()
        lanes.assign([one], epoch: 1)
        let old = runs(lanes.add(try parcel(1, "a"), now: start))[0]
        lanes.revoke([one])
        lanes.assign([one], epoch: 2)
        #expect(lanes.add(try parcel(1, "a", epoch: 1), now: start).isEmpty)
        let new = runs(lanes.add(try parcel(1, "a", epoch: 2), now: start))
        #expect(new.count == 1)
        let actions = lanes.complete(old, .failed(LastAttempt(), after: nil), now: start, jitter: 0)
        #expect(abandoned(actions) == [1] && actions.count == 1, "it will not end under that assignment")
        #expect(finished(lanes.complete(new[0], .ended(.delivered), now: start, jitter: 0)) == [1])
    }

    @Test func theLimitCountsCallsOfARevokedAssignmentToo() throws {
        var lanes = lanes(perRecipient: 1)
        lanes.assign([one], epoch: 1)
        let old = runs(lanes.add(try parcel(1, "a"), now: start))[0]
        lanes.revoke([one])
        lanes.assign([one], epoch: 2)
        #expect(runs(lanes.add(try parcel(1, "a", epoch: 2), now: start)).isEmpty)
        let actions = lanes.complete(old, .failed(LastAttempt(), after: nil), now: start, jitter: 0)
        #expect(offsets(runs(actions)) == [1])
    }

    @Test(arguments: 0..<200)
    func everyRecordEndsOnceInTheOrderOfItsLane(_ seed: Int) throws {
        var random = Splitmix(state: UInt64(seed))
        let limit = Int.random(in: 1...6, using: &random)
        var lanes = lanes(perRecipient: limit, bytes: Int.random(in: 500...20_000, using: &random))
        lanes.assign([one, two], epoch: 1)
        var now = start
        var open: Errands = []
        var alarm: NIODeadline?
        var done: [String: [Int64]] = [:]
        var added = 0
        let total = 200

        func take(_ actions: [Lanes<Int>.Action]) {
            for action in actions {
                switch action {
                case .run(let errand): open.append(errand)
                case .alarm(let due): alarm = min(alarm ?? due, due)
                case .finish(let parcel, _): done["\(parcel.partition)\(parcel.key ?? "")", default: []].append(parcel.offset)
                case .gate, .abandon, .breaker: break
                }
            }
            #expect(open.count <= limit, "seed \(seed)")
            #expect(Set(open.map { "\($0.parcel.partition)\($0.parcel.key ?? "\($0.parcel.offset)")" }).count == open.count, "seed \(seed)")
        }

        while done.values.map(\.count).reduce(0, +) < total {
            let choice = Int.random(in: 0..<3, using: &random)
            if choice == 0, added < total {
                let key = Int.random(in: 0..<9, using: &random)
                take(lanes.add(try parcel(Int64(added), key == 0 ? nil : "k\(key)", in: key % 2 == 0 ? one : two), now: now))
                added += 1
            } else if choice == 1, let index = open.indices.randomElement(using: &random) {
                let errand = open.remove(at: index)
                let fails = Int.random(in: 0..<3, using: &random) == 0
                let result: ErrandResult = fails ? .failed(LastAttempt(), after: nil) : .ended(.delivered)
                take(lanes.complete(errand, result, now: now, jitter: Double.random(in: -1...1, using: &random)))
            } else if let due = alarm {
                now = max(now, due)
                alarm = nil
                take(lanes.wake(now: now))
            } else if added == total, open.isEmpty {
                Issue.record("seed \(seed): stuck with \(lanes.held) records")
                return
            }
        }
        #expect(lanes.held == 0, "seed \(seed)")
        for (lane, offsets) in done where lane != "\(one)" && lane != "\(two)" {
            #expect(offsets == offsets.sorted(), "seed \(seed), lane \(lane)")
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

/// SplitMix64: the same numbers for the same seed.
struct Splitmix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
