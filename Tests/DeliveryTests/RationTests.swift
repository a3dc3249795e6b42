import Directory
import Kafka
import NIOCore
import OCPI
import Support
import Testing

@testable import Delivery

@Suite struct RationTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    @Test func aBurstIsATenthOfASecondAndTheRestComesEvenly() {
        var ration = Ration(perSecond: 100)
        #expect((0..<20).count { _ in ration.take(now: start) == nil } == 10)
        #expect(ration.take(now: start + .milliseconds(9)) != nil)
        #expect(ration.take(now: start + .milliseconds(10)) == nil)
        #expect((0..<200).count { _ in ration.take(now: start + .hours(1)) == nil } == 10, "nothing is saved up")
    }

    @Test func whoeverIsTurnedAwayComesAgainWhenItIsHisTurn() {
        var ration = Ration(perSecond: 10)
        #expect(ration.take(now: start) == nil)
        let times = (0..<5).compactMap { _ in ration.take(now: start) }
        #expect(times == (1...5).map { start + .milliseconds(100 * $0) })
        #expect(times.allSatisfy { ration.take(now: $0) == nil })
    }

    @Test func strangeFiguresStopNothing() {
        for perSecond in [Int.min, 0, 1, .max] {
            var ration = Ration(perSecond: perSecond)
            #expect(ration.take(now: start) == nil)
            #expect(ration.take(now: start + .seconds(1)) == nil)
            if let later = ration.take(now: start + .seconds(1)) { #expect(later <= start + .seconds(61)) }
        }
    }

    /// Kafka's answers take no time here; how fast copies go to `ocn.dead` is up to the ration alone.
    @Test("Scenario 27: what an outage let expire goes to ocn.dead no faster than the ration, and all of it goes")
    func expiredBacklog() throws {
        let partitions = (0..<4).map { TopicPartition(topic: "ocn.outbox.DE-BIL", partition: $0) }
        var lanes = Lanes<Int>(
            .init(
                perRecipient: 32, bytesPerPartition: .max, crowd: .init(records: 0, bytes: 0, totalBytes: 0),
                backoff: Backoff(base: .milliseconds(500), cap: .seconds(60))))
        var ration = Ration(perSecond: 100)
        lanes.assign(partitions, epoch: 1)
        var open: [Errand<Int>] = []
        var alarm: NIODeadline?
        var buried: [(offset: Int64, at: NIODeadline)] = []
        var now = start
        func take(_ actions: [Lanes<Int>.Action]) {
            for action in actions {
                switch action {
                case .run(let errand): open.append(errand)
                case .alarm(let due): alarm = min(alarm ?? due, due)
                case .finish(let parcel, let ending):
                    #expect(ending == .expired)
                    buried.append((parcel.offset, now))
                case .gate, .abandon: break
                case .breaker: Issue.record("nobody was called")
                }
            }
        }
        let party = Recipient.party(try #require(PartyID("DE-BIL")))
        for offset in 0..<5000 {
            let parcel = Parcel(
                partition: partitions[offset % 4], offset: Int64(offset), epoch: 1, recipient: party, key: "\(offset % 1500)", bytes: 1,
                cargo: offset)
            take(lanes.add(parcel, now: now))
        }
        var errands = 0
        while buried.count < 5000 {
            while let errand = open.popLast() {
                errands += 1
                let result = ration.take(now: now).map(ErrandResult.rationed) ?? .ended(.expired)
                take(lanes.complete(errand, result, now: now, jitter: 0))
            }
            guard buried.count < 5000 else { break }
            now = try #require(alarm, "stuck after \(buried.count)")
            alarm = nil
            take(lanes.wake(now: now))
        }
        #expect(Set(buried.map(\.offset)).count == 5000 && lanes.held == 0)
        for (index, burial) in buried.enumerated() where index >= 110 {
            // In any second there are at most a second's ration and what a full bucket holds.
            #expect(burial.at - buried[index - 110].at >= .milliseconds(990))
        }
        #expect(now - start < .seconds(60), "the ration is used")
        #expect(errands < 15_000, "nobody asks again and again")
    }
}
