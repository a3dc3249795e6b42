import Directory
import Encoding
import Kafka
import NIOCore
import NIOHTTP1
import Notary
import OCPI
import Support
import Synchronization
import Testing
import Topics

@testable import Delivery

/// Waiting, replaced and dropped announcements, without Kafka and real time.
@Suite struct AnnouncementSchedulerTests {
    private typealias Actions = [DeliveryScheduler<Int>.Action]

    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
    private let announce = TopicPartition(topic: "ocn.announce", partition: 0)
    private let other = Recipient.node("0xother")

    private func scheduler(
        perRecipient: Int = 4, records: Int = 1000, bytes: Int = 1_000_000, total: Int = 1_000_000_000, bytesPerPartition: Int = 1000
    ) -> DeliveryScheduler<Int> {
        var scheduler = DeliveryScheduler<Int>(
            .init(
                perRecipient: perRecipient, bytesPerPartition: bytesPerPartition,
                announcementQuota: .init(records: records, bytes: bytes, totalBytes: total),
                backoff: Backoff(base: .milliseconds(500), cap: .seconds(60))))
        scheduler.assign([announce], epoch: 1)
        return scheduler
    }

    private func recipient() throws -> Recipient { .party(try #require(PartyID("DE-MSP"))) }

    private func pending(
        _ offset: Int64, _ method: OCPI.Method, _ place: String, keyQueue: String = "a", to recipient: Recipient? = nil, bytes: Int = 100
    ) throws -> PendingRecord<Int> {
        let recipient = try recipient ?? self.recipient()
        return PendingRecord(
            partition: announce, offset: offset, epoch: 1, recipient: recipient, key: "\(recipient)|\(keyQueue)",
            supersession: Supersession(place: place, isWhole: method == .put || method == .delete), bytes: bytes, payload: Int(offset))
    }

    private func runs(_ actions: Actions) -> [DeliveryAttempt<Int>] {
        actions.compactMap { if case .run(let attempt) = $0 { attempt } else { nil } }
    }

    private func ended(_ actions: Actions, _ wanted: DeliveryOutcome) -> [Int64] {
        actions.compactMap { if case .finish(let pending, wanted) = $0 { pending.offset } else { nil } }
    }

    @Test func theSameURLMayBeWrittenInTwoWays() throws {
        func supersession(_ method: OCPI.Method, _ path: String, _ query: String? = nil) throws -> Supersession {
            let record = AnnouncementRecord(request: try request(.tokens, .receiver, method, path: path, query: query))
            return try #require(OutboxRecord.announcement(record).supersession)
        }
        let put = try supersession(.put, "DE/MSP/T%2A1", "type=RFID")
        #expect(try put.replaces(supersession(.patch, "de/msp/t*1", "type=RFI%44")))
        #expect(try !put.replaces(supersession(.put, "DE/MSP/T*1")) && !put.replaces(supersession(.put, "DE/MSP/T*2", "type=RFID")))
        #expect(try !supersession(.patch, "DE/MSP/T*1", "type=RFID").replaces(put))
    }

    @Test func aPutOrDeleteTakesThePlaceOfWhatWaitsRightBeforeItAboutTheSameURL() throws {
        for method in [OCPI.Method.put, .delete] {
            var scheduler = scheduler()
            let first = runs(scheduler.add(try pending(1, .put, "x"), now: start))[0]
            _ = scheduler.add(try pending(2, .put, "x"), now: start)
            _ = scheduler.add(try pending(3, .patch, "x"), now: start)
            #expect(ended(scheduler.add(try pending(4, method, "x"), now: start), .replaced) == [3, 2])
            #expect(try scheduler.held == 2 && scheduler.announcements(recipient()) == 2)
            let next = runs(scheduler.complete(first, .ended(.delivered), now: start, jitter: 0))
            #expect(next.map(\.pending.offset) == [4])
        }
    }

    @Test func aPatchReplacesNothing() throws {
        var scheduler = scheduler()
        _ = scheduler.add(try pending(1, .put, "x"), now: start)
        _ = scheduler.add(try pending(2, .put, "x"), now: start)
        #expect(ended(scheduler.add(try pending(3, .patch, "x"), now: start), .replaced).isEmpty)
        #expect(scheduler.held == 3)
    }

    @Test func whatLiesBehindSomethingAboutAnotherURLIsNotReplaced() throws {
        var scheduler = scheduler()
        _ = scheduler.add(try pending(1, .put, "busy"), now: start)
        _ = scheduler.add(try pending(2, .put, "x"), now: start)
        _ = scheduler.add(try pending(3, .patch, "x/1"), now: start)
        #expect(ended(scheduler.add(try pending(4, .put, "x"), now: start), .replaced).isEmpty)
        #expect(ended(scheduler.add(try pending(5, .put, "x"), now: start), .replaced) == [4])
        #expect(ended(scheduler.add(try pending(6, .put, "x?type=RFID"), now: start), .replaced).isEmpty)
    }

    @Test func copiesAreNeverReplaced() throws {
        var scheduler = scheduler(bytesPerPartition: 1_000_000)
        for offset: Int64 in 1...4 {
            var copy = try pending(offset, .put, "x")
            copy.supersession = nil
            #expect(ended(scheduler.add(copy, now: start), .replaced).isEmpty)
        }
        #expect(try scheduler.held == 4 && scheduler.announcements(recipient()) == 0)
    }

    @Test func whatIsUnderWayIsReplacedWhenItHasFailedAndTheNewerOneWaitsInItsStead() throws {
        var scheduler = scheduler()
        let first = runs(scheduler.add(try pending(1, .put, "x"), now: start))[0]
        #expect(ended(scheduler.add(try pending(2, .put, "x"), now: start), .replaced).isEmpty, "the recipient may have it already")
        let failed = scheduler.complete(first, .failed(LastAttempt(httpStatus: 500), after: nil), now: start, jitter: 0)
        #expect(ended(failed, .replaced) == [1] && runs(failed).isEmpty)
        #expect(ended(scheduler.add(try pending(3, .put, "x"), now: start), .replaced) == [2])
        #expect(runs(scheduler.wake(now: start + .milliseconds(499))).isEmpty)
        let again = runs(scheduler.wake(now: start + .milliseconds(500)))
        #expect(again.map(\.pending.offset) == [3])
        #expect(again.first?.attempts == 0 && again.first?.last == LastAttempt())
        // The back-off of a failing recipient grows, however many announcements there are.
        _ = scheduler.complete(again[0], .failed(LastAttempt(), after: nil), now: start, jitter: 0)
        _ = scheduler.add(try pending(4, .put, "x"), now: start)
        #expect(runs(scheduler.wake(now: start + .milliseconds(999))).isEmpty)
        let last = runs(scheduler.wake(now: start + .seconds(1)))
        #expect(ended(scheduler.complete(last[0], .ended(.delivered), now: start, jitter: 0), .delivered) == [4])
        #expect(try scheduler.held == 0 && scheduler.announcements(recipient()) == 0)
    }

    @Test func whatWaitsForItsTurnIsReplacedInItsPlace() throws {
        var scheduler = scheduler(perRecipient: 1)
        let first = runs(scheduler.add(try pending(1, .put, "x", keyQueue: "a"), now: start))[0]
        _ = scheduler.add(try pending(2, .put, "y", keyQueue: "b"), now: start)
        _ = scheduler.add(try pending(3, .put, "z", keyQueue: "c"), now: start)
        #expect(ended(scheduler.add(try pending(4, .put, "y", keyQueue: "b"), now: start), .replaced) == [2])
        let second = runs(scheduler.complete(first, .ended(.delivered), now: start, jitter: 0))
        #expect(second.map(\.pending.offset) == [4])
        #expect(runs(scheduler.complete(second[0], .ended(.delivered), now: start, jitter: 0)).map(\.pending.offset) == [3])
    }

    @Test func announcementsBeyondTheQuotaAreDroppedAndOthersAreNotAffected() throws {
        var scheduler = scheduler(perRecipient: 1, records: 3)
        for offset: Int64 in 1...3 { _ = scheduler.add(try pending(offset, .put, "\(offset)", keyQueue: "\(offset)"), now: start) }
        #expect(ended(scheduler.add(try pending(4, .put, "4", keyQueue: "4"), now: start), .dropped(.overQuota)) == [4])
        #expect(
            ended(scheduler.add(try pending(5, .put, "3", keyQueue: "3"), now: start), .replaced) == [3],
            "the place of another needs no room")
        #expect(runs(scheduler.add(try pending(6, .put, "4", keyQueue: "4", to: other), now: start)).count == 1)
        #expect(scheduler.held == 4)
    }

    @Test func theirBytesAreLimitedTooButOneMayAlwaysWait() throws {
        var scheduler = scheduler(bytes: 250)
        _ = scheduler.add(try pending(1, .put, "1", keyQueue: "1", bytes: 10_000), now: start)
        #expect(ended(scheduler.add(try pending(2, .put, "2", keyQueue: "2", bytes: 1), now: start), .dropped(.overQuota)) == [2])
        for offset: Int64 in 3...4 {
            _ = scheduler.add(try pending(offset, .put, "\(offset)", keyQueue: "\(offset)", to: other, bytes: 125), now: start)
        }
        #expect(scheduler.announcements(other) == 2)
        #expect(
            ended(scheduler.add(try pending(5, .put, "5", keyQueue: "5", to: other, bytes: 1), now: start), .dropped(.overQuota)) == [5])
    }

    @Test func manyThatHangLeaveRoomForThoseToCome() throws {
        var scheduler = scheduler(total: 2000)
        var held: [Int] = []
        for number in 0..<30 {
            let recipient = Recipient.node("\(number)")
            for offset in 0..<100 {
                _ = scheduler.add(
                    try pending(Int64(number * 100 + offset), .put, "\(offset)", keyQueue: "\(offset)", to: recipient, bytes: 10),
                    now: start)
            }
            held.append(scheduler.announcements(recipient))
        }
        #expect(held.reduce(0, +) * 10 <= 2000 && held == held.sorted(by: >) && held[0] > 20 && held[9] > 5, "\(held)")
    }

    @Test func announcementsNeverPauseTheirPartition() throws {
        var scheduler = scheduler(bytesPerPartition: 1000)
        for offset: Int64 in 0..<100 {
            for case .pauseChanged in scheduler.add(try pending(offset, .put, "\(offset)", keyQueue: "\(offset)"), now: start) {
                Issue.record("paused")
            }
        }
        #expect(scheduler.held == 100 && !scheduler.isPaused(announce))
    }

    @Test func aRevokedPartitionLeavesNoTrace() throws {
        var scheduler = scheduler(perRecipient: 1, records: 2)
        let running = runs(scheduler.add(try pending(1, .put, "1", keyQueue: "1"), now: start))[0]
        _ = scheduler.add(try pending(2, .put, "2", keyQueue: "2"), now: start)
        scheduler.revoke([announce])
        #expect(try scheduler.announcements(recipient()) == 0 && scheduler.held == 0)
        scheduler.assign([announce], epoch: 2)
        _ = scheduler.complete(running, .ended(.delivered), now: start, jitter: 0)
        #expect(try scheduler.announcements(recipient()) == 0)
    }

    /// A recipient that got the delivered announcements has the same state as one that got all.
    @Test(arguments: 0..<200)
    func replacingLosesNothing(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        var scheduler = scheduler(perRecipient: 2)
        var (told, delivered) = ([String: [Int64]](), [String: [Int64]]())
        var open: [DeliveryAttempt<Int>] = []
        var (now, ends, alarm) = (start, Set<Int64>(), NIODeadline?.none)
        var sent: [Int64: (OCPI.Method, String)] = [:]
        /// The state of a URL: the last complete object and the changes since. A complete object removes what is below it.
        func apply(_ offset: Int64, to state: inout [String: [Int64]]) throws {
            let (method, place) = try #require(sent[offset])
            if method == .patch {
                state[place, default: []].append(offset)
            } else {
                for below in Array(state.keys) where below.hasPrefix(place + "/") { state[below] = nil }
                state[place] = [offset]
            }
        }
        func take(_ actions: Actions) throws {
            for action in actions {
                switch action {
                case .run(let attempt): open.append(attempt)
                case .alarm(let due): alarm = min(alarm ?? due, due)
                case .finish(let pending, let ending):
                    #expect(ends.insert(pending.offset).inserted, "seed \(seed)")
                    if ending == .delivered { try apply(pending.offset, to: &delivered) }
                case .pauseChanged, .abandon, .breaker: break
                }
            }
        }
        var added: Int64 = 0
        while ends.count < 100 {
            if added < 100, random.chance(50) {
                let object = random.pick(["x", "y"])
                let place = random.pick([object, object, "\(object)/1"])
                let method = random.pick([OCPI.Method.put, .put, .delete, .patch])
                sent[added] = (method, place)
                try apply(added, to: &told)
                try take(scheduler.add(try pending(added, method, place, keyQueue: object), now: now))
                added += 1
            } else if let index = open.indices.randomElement(using: &random) {
                let result: AttemptResult = random.chance(60) ? .failed(LastAttempt(), after: nil) : .ended(.delivered)
                try take(scheduler.complete(open.remove(at: index), result, now: now, jitter: 0))
            } else if let due = alarm {
                (now, alarm) = (max(now, due), nil)
                try take(scheduler.wake(now: now))
            } else {
                #expect(added < 100, "seed \(seed): stuck")
                if added == 100 { return }
            }
        }
        #expect(delivered == told, "seed \(seed)")
        #expect(try scheduler.held == 0 && scheduler.announcements(recipient()) == 0, "seed \(seed)")
    }
}
