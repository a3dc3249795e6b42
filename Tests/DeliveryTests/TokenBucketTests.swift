import Directory
import Kafka
import NIOCore
import OCPI
import Support
import Testing

@testable import Delivery

@Suite struct TokenBucketTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    @Test func aBurstIsATenthOfASecondAndTheRestComesEvenly() {
        var bucket = TokenBucket(perSecond: 100)
        #expect((0..<20).count { _ in bucket.take(now: start) == nil } == 10)
        #expect(bucket.take(now: start + .milliseconds(9)) != nil)
        #expect(bucket.take(now: start + .milliseconds(10)) == nil)
        #expect((0..<200).count { _ in bucket.take(now: start + .hours(1)) == nil } == 10, "nothing is saved up")
    }

    @Test func aRejectedCallerGetsTheTimeOfItsNextAttempt() {
        var bucket = TokenBucket(perSecond: 10)
        #expect(bucket.take(now: start) == nil)
        let times = (0..<5).compactMap { _ in bucket.take(now: start) }
        #expect(times == (1...5).map { start + .milliseconds(100 * $0) })
        #expect(times.allSatisfy { bucket.take(now: $0) == nil })
    }

    @Test func strangeFiguresStopNothing() {
        for perSecond in [Int.min, 0, 1, .max] {
            var bucket = TokenBucket(perSecond: perSecond)
            #expect(bucket.take(now: start) == nil)
            #expect(bucket.take(now: start + .seconds(1)) == nil)
            if let later = bucket.take(now: start + .seconds(1)) { #expect(later <= start + .seconds(61)) }
        }
    }

    /// Kafka acknowledges at once here; only the rate limit determines how fast copies are written to `ocn.dead`.
    @Test("Scenario 27: what an outage let expire goes to ocn.dead no faster than the ration, and all of it goes")
    func expiredBacklog() throws {
        let partitions = (0..<4).map { TopicPartition(topic: "ocn.outbox.DE-BIL", partition: $0) }
        var scheduler = DeliveryScheduler<Int>(
            .init(
                perRecipient: 32, bytesPerPartition: .max, announcementQuota: .init(records: 0, bytes: 0, totalBytes: 0),
                backoff: Backoff(base: .milliseconds(500), cap: .seconds(60))))
        var bucket = TokenBucket(perSecond: 100)
        scheduler.assign(partitions, epoch: 1)
        var open: [DeliveryAttempt<Int>] = []
        var alarm: NIODeadline?
        var deadLettered: [(offset: Int64, at: NIODeadline)] = []
        var now = start
        func take(_ actions: [DeliveryScheduler<Int>.Action]) {
            for action in actions {
                switch action {
                case .run(let attempt): open.append(attempt)
                case .alarm(let due): alarm = min(alarm ?? due, due)
                case .finish(let pending, let ending):
                    #expect(ending == .expired)
                    deadLettered.append((pending.offset, now))
                case .pauseChanged, .abandon: break
                case .breaker: Issue.record("nobody was called")
                }
            }
        }
        let party = Recipient.party(try #require(PartyID("DE-BIL")))
        for offset in 0..<5000 {
            let pending = PendingRecord(
                partition: partitions[offset % 4], offset: Int64(offset), epoch: 1, recipient: party, key: "\(offset % 1500)", bytes: 1,
                payload: offset)
            take(scheduler.add(pending, now: now))
        }
        var deliveryAttempts = 0
        while deadLettered.count < 5000 {
            while let attempt = open.popLast() {
                deliveryAttempts += 1
                let result = bucket.take(now: now).map(AttemptResult.limited) ?? .ended(.expired)
                take(scheduler.complete(attempt, result, now: now, jitter: 0))
            }
            guard deadLettered.count < 5000 else { break }
            now = try #require(alarm, "stuck after \(deadLettered.count)")
            alarm = nil
            take(scheduler.wake(now: now))
        }
        #expect(Set(deadLettered.map(\.offset)).count == 5000 && scheduler.held == 0)
        for (index, deadLetter) in deadLettered.enumerated() where index >= 110 {
            // In any second there are at most the tokens of a second and those of a full bucket.
            #expect(deadLetter.at - deadLettered[index - 110].at >= .milliseconds(990))
        }
        #expect(now - start < .seconds(60), "the ration is used")
        #expect(deliveryAttempts < 15_000, "nobody asks again and again")
    }
}
