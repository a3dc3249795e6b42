import Directory
import Kafka
import NIOCore
import NIOHTTP1
import Notary
import OCPI
import Support
import Synchronization
import Testing
import Topics
import Wire

@testable import Delivery

/// What waits, what is replaced and what is dropped: without Kafka or time.
@Suite struct AnnouncementLanesTests {
    private typealias Actions = [Lanes<Int>.Action]

    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
    private let announce = TopicPartition(topic: "ocn.announce", partition: 0)
    private let other = Recipient.node("0xother")

    private func lanes(
        perRecipient: Int = 4, records: Int = 1000, bytes: Int = 1_000_000, total: Int = 1_000_000_000, bytesPerPartition: Int = 1000
    ) -> Lanes<Int> {
        var lanes = Lanes<Int>(
            .init(
                perRecipient: perRecipient, bytesPerPartition: bytesPerPartition,
                crowd: .init(records: records, bytes: bytes, totalBytes: total),
                backoff: Backoff(base: .milliseconds(500), cap: .seconds(60))))
        lanes.assign([announce], epoch: 1)
        return lanes
    }

    private func recipient() throws -> Recipient { .party(try #require(PartyID("DE-MSP"))) }

    private func parcel(
        _ offset: Int64, _ method: OCPI.Method, _ place: String, lane: String = "a", to recipient: Recipient? = nil, bytes: Int = 100
    ) throws -> Parcel<Int> {
        let recipient = try recipient ?? self.recipient()
        return Parcel(
            partition: announce, offset: offset, epoch: 1, recipient: recipient, key: "\(recipient)|\(lane)",
            news: News(place: place, isWhole: method == .put || method == .delete), bytes: bytes, cargo: Int(offset))
    }

    private func runs(_ actions: Actions) -> [Errand<Int>] {
        actions.compactMap { if case .run(let errand) = $0 { errand } else { nil } }
    }

    private func ended(_ actions: Actions, _ wanted: Ending) -> [Int64] {
        actions.compactMap { if case .finish(let parcel, wanted) = $0 { parcel.offset } else { nil } }
    }

    @Test func theSameURLMayBeWrittenInTwoWays() throws {
        func news(_ method: OCPI.Method, _ path: String, _ query: String? = nil) throws -> News {
            let record = AnnouncementRecord(request: try request(.tokens, .receiver, method, path: path, query: query))
            return try #require(Consignment.announcement(record).news)
        }
        let put = try news(.put, "DE/MSP/T%2A1", "type=RFID")
        #expect(try put.replaces(news(.patch, "de/msp/t*1", "type=RFI%44")))
        #expect(try !put.replaces(news(.put, "DE/MSP/T*1")) && !put.replaces(news(.put, "DE/MSP/T*2", "type=RFID")))
        #expect(try !news(.patch, "DE/MSP/T*1", "type=RFID").replaces(put))
    }

    @Test func aPutOrDeleteTakesThePlaceOfWhatWaitsRightBeforeItAboutTheSameURL() throws {
        for method in [OCPI.Method.put, .delete] {
            var lanes = lanes()
            let first = runs(lanes.add(try parcel(1, .put, "x"), now: start))[0]
            _ = lanes.add(try parcel(2, .put, "x"), now: start)
            _ = lanes.add(try parcel(3, .patch, "x"), now: start)
            #expect(ended(lanes.add(try parcel(4, method, "x"), now: start), .replaced) == [3, 2])
            #expect(try lanes.held == 2 && lanes.announcements(recipient()) == 2)
            let next = runs(lanes.complete(first, .ended(.delivered), now: start, jitter: 0))
            #expect(next.map(\.parcel.offset) == [4])
        }
    }

    @Test func aPatchReplacesNothing() throws {
        var lanes = lanes()
        _ = lanes.add(try parcel(1, .put, "x"), now: start)
        _ = lanes.add(try parcel(2, .put, "x"), now: start)
        #expect(ended(lanes.add(try parcel(3, .patch, "x"), now: start), .replaced).isEmpty)
        #expect(lanes.held == 3)
    }

    @Test func whatLiesBehindSomethingAboutAnotherURLIsNotReplaced() throws {
        var lanes = lanes()
        _ = lanes.add(try parcel(1, .put, "busy"), now: start)
        _ = lanes.add(try parcel(2, .put, "x"), now: start)
        _ = lanes.add(try parcel(3, .patch, "x/1"), now: start)
        #expect(ended(lanes.add(try parcel(4, .put, "x"), now: start), .replaced).isEmpty)
        #expect(ended(lanes.add(try parcel(5, .put, "x"), now: start), .replaced) == [4])
        #expect(ended(lanes.add(try parcel(6, .put, "x?type=RFID"), now: start), .replaced).isEmpty)
    }

    @Test func copiesAreNeverReplaced() throws {
        var lanes = lanes(bytesPerPartition: 1_000_000)
        for offset: Int64 in 1...4 {
            var copy = try parcel(offset, .put, "x")
            copy.news = nil
            #expect(ended(lanes.add(copy, now: start), .replaced).isEmpty)
        }
        #expect(try lanes.held == 4 && lanes.announcements(recipient()) == 0)
    }

    @Test func whatIsUnderWayIsReplacedWhenItHasFailedAndTheNewerOneWaitsInItsStead() throws {
        var lanes = lanes()
        let first = runs(lanes.add(try parcel(1, .put, "x"), now: start))[0]
        #expect(ended(lanes.add(try parcel(2, .put, "x"), now: start), .replaced).isEmpty, "the recipient may have it already")
        let failed = lanes.complete(first, .failed(LastAttempt(httpStatus: 500), after: nil), now: start, jitter: 0)
        #expect(ended(failed, .replaced) == [1] && runs(failed).isEmpty)
        #expect(ended(lanes.add(try parcel(3, .put, "x"), now: start), .replaced) == [2])
        #expect(runs(lanes.wake(now: start + .milliseconds(499))).isEmpty)
        let again = runs(lanes.wake(now: start + .milliseconds(500)))
        #expect(again.map(\.parcel.offset) == [3])
        #expect(again.first?.attempts == 0 && again.first?.last == LastAttempt())
        // A recipient that fails is left alone for longer and longer, however much there is to tell.
        _ = lanes.complete(again[0], .failed(LastAttempt(), after: nil), now: start, jitter: 0)
        _ = lanes.add(try parcel(4, .put, "x"), now: start)
        #expect(runs(lanes.wake(now: start + .milliseconds(999))).isEmpty)
        let last = runs(lanes.wake(now: start + .seconds(1)))
        #expect(ended(lanes.complete(last[0], .ended(.delivered), now: start, jitter: 0), .delivered) == [4])
        #expect(try lanes.held == 0 && lanes.announcements(recipient()) == 0)
    }

    @Test func whatWaitsForItsTurnIsReplacedInItsPlace() throws {
        var lanes = lanes(perRecipient: 1)
        let first = runs(lanes.add(try parcel(1, .put, "x", lane: "a"), now: start))[0]
        _ = lanes.add(try parcel(2, .put, "y", lane: "b"), now: start)
        _ = lanes.add(try parcel(3, .put, "z", lane: "c"), now: start)
        #expect(ended(lanes.add(try parcel(4, .put, "y", lane: "b"), now: start), .replaced) == [2])
        let second = runs(lanes.complete(first, .ended(.delivered), now: start, jitter: 0))
        #expect(second.map(\.parcel.offset) == [4])
        #expect(runs(lanes.complete(second[0], .ended(.delivered), now: start, jitter: 0)).map(\.parcel.offset) == [3])
    }

    @Test func whoLetsTooManyWaitMissesNewOnesAndOthersDoNotNotice() throws {
        var lanes = lanes(perRecipient: 1, records: 3)
        for offset: Int64 in 1...3 { _ = lanes.add(try parcel(offset, .put, "\(offset)", lane: "\(offset)"), now: start) }
        #expect(ended(lanes.add(try parcel(4, .put, "4", lane: "4"), now: start), .dropped(.crowded)) == [4])
        #expect(ended(lanes.add(try parcel(5, .put, "3", lane: "3"), now: start), .replaced) == [3], "the place of another needs no room")
        #expect(runs(lanes.add(try parcel(6, .put, "4", lane: "4", to: other), now: start)).count == 1)
        #expect(lanes.held == 4)
    }

    @Test func theirBytesAreLimitedTooButOneMayAlwaysWait() throws {
        var lanes = lanes(bytes: 250)
        _ = lanes.add(try parcel(1, .put, "1", lane: "1", bytes: 10_000), now: start)
        #expect(ended(lanes.add(try parcel(2, .put, "2", lane: "2", bytes: 1), now: start), .dropped(.crowded)) == [2])
        for offset: Int64 in 3...4 {
            _ = lanes.add(try parcel(offset, .put, "\(offset)", lane: "\(offset)", to: other, bytes: 125), now: start)
        }
        #expect(lanes.announcements(other) == 2)
        #expect(ended(lanes.add(try parcel(5, .put, "5", lane: "5", to: other, bytes: 1), now: start), .dropped(.crowded)) == [5])
    }

    @Test func manyThatHangLeaveRoomForThoseToCome() throws {
        var lanes = lanes(total: 2000)
        var held: [Int] = []
        for number in 0..<30 {
            let recipient = Recipient.node("\(number)")
            for offset in 0..<100 {
                _ = lanes.add(
                    try parcel(Int64(number * 100 + offset), .put, "\(offset)", lane: "\(offset)", to: recipient, bytes: 10), now: start)
            }
            held.append(lanes.announcements(recipient))
        }
        #expect(held.reduce(0, +) * 10 <= 2000 && held == held.sorted(by: >) && held[0] > 20 && held[9] > 5, "\(held)")
    }

    @Test func announcementsNeverPauseTheirPartition() throws {
        var lanes = lanes(bytesPerPartition: 1000)
        for offset: Int64 in 0..<100 {
            for case .gate in lanes.add(try parcel(offset, .put, "\(offset)", lane: "\(offset)"), now: start) { Issue.record("paused") }
        }
        #expect(lanes.held == 100 && !lanes.isPaused(announce))
    }

    @Test func aRevokedPartitionLeavesNoTrace() throws {
        var lanes = lanes(perRecipient: 1, records: 2)
        let running = runs(lanes.add(try parcel(1, .put, "1", lane: "1"), now: start))[0]
        _ = lanes.add(try parcel(2, .put, "2", lane: "2"), now: start)
        lanes.revoke([announce])
        #expect(try lanes.announcements(recipient()) == 0 && lanes.held == 0)
        lanes.assign([announce], epoch: 2)
        _ = lanes.complete(running, .ended(.delivered), now: start, jitter: 0)
        #expect(try lanes.announcements(recipient()) == 0)
    }

    /// A recipient that got what was delivered stands where one stands that got everything.
    @Test(arguments: 0..<200)
    func replacingLosesNothing(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        var lanes = lanes(perRecipient: 2)
        var (told, delivered) = ([String: [Int64]](), [String: [Int64]]())
        var open: [Errand<Int>] = []
        var (now, ends, alarm) = (start, Set<Int64>(), NIODeadline?.none)
        var sent: [Int64: (OCPI.Method, String)] = [:]
        /// What stands at a URL: the last whole record and the changes since. A whole one takes what is below it away.
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
                case .run(let errand): open.append(errand)
                case .alarm(let due): alarm = min(alarm ?? due, due)
                case .finish(let parcel, let ending):
                    #expect(ends.insert(parcel.offset).inserted, "seed \(seed)")
                    if ending == .delivered { try apply(parcel.offset, to: &delivered) }
                case .gate, .abandon, .breaker: break
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
                try take(lanes.add(try parcel(added, method, place, lane: object), now: now))
                added += 1
            } else if let index = open.indices.randomElement(using: &random) {
                let result: ErrandResult = random.chance(60) ? .failed(LastAttempt(), after: nil) : .ended(.delivered)
                try take(lanes.complete(open.remove(at: index), result, now: now, jitter: 0))
            } else if let due = alarm {
                (now, alarm) = (max(now, due), nil)
                try take(lanes.wake(now: now))
            } else {
                #expect(added < 100, "seed \(seed): stuck")
                if added == 100 { return }
            }
        }
        #expect(delivered == told, "seed \(seed)")
        #expect(try lanes.held == 0 && lanes.announcements(recipient()) == 0, "seed \(seed)")
    }
}
