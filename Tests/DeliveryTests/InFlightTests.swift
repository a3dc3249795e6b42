import Kafka
import NIOCore
import OCPI
import Support
import Testing

@testable import Delivery

/// Who has a place, who waits and who is refused, on a clock of the test.
@Suite struct InFlightTests {
    private typealias Flight = InFlight<TestRequest>

    private let partition = TopicPartition(topic: "ocn.requests", partition: 0)
    private let one: PartyID
    private let two: PartyID
    private let three: PartyID

    init() throws {
        one = try #require(PartyID("DE-ONE"))
        two = try #require(PartyID("DE-TWO"))
        three = try #require(PartyID("DE-THR"))
    }

    private func flight(_ change: (inout Flight.Limits) -> Void = { _ in }) -> Flight {
        var limits = Flight.Limits(
            perRecipient: ExchangeLoad(requests: 2, bytes: 1000), inTotal: ExchangeLoad(requests: 100, bytes: 100_000))
        limits.breaker.minimumCalls = 2
        change(&limits)
        var flight = Flight(limits)
        flight.assign([partition], epoch: 1)
        return flight
    }

    private func enter(
        _ flight: inout Flight, _ recipient: PartyID, _ offsets: ClosedRange<Int64>, bytes: Int = 10, sendBy: NIODeadline = .distantFuture
    ) -> [Flight.Entry] {
        offsets.map {
            flight.enter(TestRequest(recipient: recipient, offset: $0, bytes: bytes, sendBy: sendBy), now: .at(.zero)).entry
        }
    }

    private func leave(_ flight: inout Flight, _ recipient: PartyID, _ offset: Int64, bytes: Int = 10) -> [Flight.Action] {
        flight.leave(TestRequest(recipient: recipient, offset: offset, bytes: bytes), nil, .unused, now: .at(.zero), jitter: 0)
    }

    private func started(_ actions: [Flight.Action]) -> [Int64] {
        actions.compactMap { if case .start(let request) = $0 { request.offset } else { nil } }
    }

    private func expired(_ actions: [Flight.Action]) -> [Int64] {
        actions.compactMap { if case .expire(let request) = $0 { request.offset } else { nil } }
    }

    private func abandoned(_ actions: [Flight.Action]) -> [Int64] {
        actions.compactMap { if case .abandon(let request) = $0 { request.offset } else { nil } }
    }

    private func refused(_ actions: [Flight.Action]) -> [Int64] {
        actions.compactMap { if case .refuse(let request, .breaker) = $0 { request.offset } else { nil } }
    }

    @Test func whatFindsNoPlaceWaitsAndStartsInTheOrderOfItsArrival() {
        var flight = flight()
        #expect(enter(&flight, one, 1...5) == [.entered, .entered, .waits, .waits, .waits])
        #expect(flight.waiting == ExchangeLoad(requests: 3, bytes: 30))
        #expect(started(leave(&flight, one, 2)) == [3])
        #expect(enter(&flight, one, 6...6) == [.waits], "nobody goes past those who wait")
        #expect(started(leave(&flight, one, 1)) == [4])
        #expect(started(leave(&flight, one, 4)) == [5])
        #expect(started(leave(&flight, one, 3)) == [6])
        for offset: Int64 in 5...6 { #expect(started(leave(&flight, one, offset)) == []) }
        #expect(flight.total == ExchangeLoad() && flight.waiting == ExchangeLoad())
    }

    @Test func oneThatIsSlowHoldsUpNobodyElse() {
        var flight = flight()
        _ = enter(&flight, one, 1...10)
        #expect(enter(&flight, two, 11...13) == [.entered, .entered, .waits])
        #expect(started(leave(&flight, two, 11)) == [13])
    }

    @Test func bytesCountToo() {
        var flight = flight()
        #expect(enter(&flight, one, 1...1, bytes: 900) == [.entered])
        #expect(enter(&flight, one, 2...2, bytes: 200) == [.waits])
        #expect(enter(&flight, one, 3...3, bytes: 10) == [.waits], "it would fit, but not before the one that was first")
        #expect(started(leave(&flight, one, 1, bytes: 900)) == [2, 3])
    }

    @Test func partiesCompareWithoutCase() throws {
        var flight = flight { $0.perRecipient.requests = 1 }
        #expect(enter(&flight, one, 1...1) == [.entered])
        #expect(enter(&flight, try #require(PartyID("de-one")), 2...2) == [.waits])
    }

    @Test func whereOnlyTheTotalIsFullRecipientsTakeTurns() {
        var flight = flight { $0.inTotal.requests = 2 }
        #expect(enter(&flight, one, 1...2) == [.entered, .entered])
        _ = enter(&flight, two, 11...13)
        _ = enter(&flight, three, 21...22)
        #expect(started(leave(&flight, one, 1)) == [11])
        #expect(started(leave(&flight, one, 2)) == [21])
        #expect(started(leave(&flight, two, 11)) == [12])
        #expect(started(leave(&flight, two, 12)) == [22])
        #expect(started(leave(&flight, three, 21)) == [13])
    }

    @Test func moreThanMayWaitIsRefused() {
        var flight = flight { limits in
            limits.waitingPerRecipient = ExchangeLoad(requests: 3, bytes: 100)
            limits.waitingInTotal = ExchangeLoad(requests: 80, bytes: 10_000)
        }
        #expect(enter(&flight, one, 1...6) == [.entered, .entered, .waits, .waits, .waits, .refused(.full)])
        #expect(enter(&flight, two, 11...12) == [.entered, .entered])
        #expect(enter(&flight, two, 13...13, bytes: 60) == [.waits])
        #expect(enter(&flight, two, 14...14, bytes: 60) == [.refused(.full)])
    }

    @Test func nobodyLetsMoreWaitThanAnEighthOfWhatIsFree() throws {
        var flight = flight { limits in
            limits.perRecipient.requests = 1
            limits.waitingPerRecipient = ExchangeLoad(requests: 1000, bytes: 1_000_000)
            limits.waitingInTotal = ExchangeLoad(requests: 80, bytes: 1_000_000)
        }
        // 10 of 80, then 8 of 70: whoever comes later finds room.
        var waiting: [Int] = []
        for number in 0..<8 {
            let party = try #require(PartyID("DE-\(100 + number)"))
            waiting.append(enter(&flight, party, 1...100).count { $0 == .waits })
        }
        #expect(waiting.first.map { 8...10 ~= $0 } == true && waiting.allSatisfy { $0 > 2 }, "\(waiting)")
        #expect(waiting == waiting.sorted(by: >) && flight.waiting.requests < 80)
    }

    @Test func whatIsLargerThanAllPlacesIsRefusedAtOnce() {
        var flight = flight()
        #expect(enter(&flight, one, 1...1, bytes: 1001) == [.refused(.full)])
    }

    @Test func whoseTimeIsOverLeavesTheQueueInTime() {
        var flight = flight { $0.perRecipient.requests = 1 }
        _ = enter(&flight, one, 1...1)
        let late = flight.enter(TestRequest(recipient: one, offset: 2, sendBy: .at(.seconds(9))), now: .at(.zero))
        #expect(late.entry == .waits && late.alarm == .at(.seconds(9)))
        let soon = flight.enter(TestRequest(recipient: one, offset: 3, sendBy: .at(.seconds(4))), now: .at(.zero))
        #expect(soon.alarm == .at(.seconds(4)), "sooner than what was asked for")
        let later = flight.enter(TestRequest(recipient: one, offset: 4, sendBy: .at(.seconds(30))), now: .at(.zero))
        #expect(later.entry == .waits && later.alarm == nil)
        let actions = flight.wake(now: .at(.seconds(4)))
        #expect(expired(actions) == [3])
        #expect(actions.contains { if case .alarm(.at(.seconds(9))) = $0 { true } else { false } })
        #expect(expired(flight.wake(now: .at(.seconds(8)))) == [])
        #expect(expired(flight.wake(now: .at(.seconds(9)))) == [2])
        #expect(started(leave(&flight, one, 1)) == [4])
    }

    @Test func whoIsBehindALargeOneThatGivesUpTakesItsPlace() {
        var flight = flight()
        _ = enter(&flight, one, 1...1, bytes: 900)
        #expect(enter(&flight, one, 2...2, bytes: 200, sendBy: .at(.seconds(1))) == [.waits])
        #expect(enter(&flight, one, 3...3) == [.waits])
        let actions = flight.wake(now: .at(.seconds(1)))
        #expect(expired(actions) == [2] && started(actions) == [3])
    }

    // MARK: Accounts

    private func enter(_ flight: inout Flight, _ sender: String, _ offsets: ClosedRange<Int64>) -> [Flight.Entry] {
        offsets.map { flight.enter(TestRequest(recipient: one, offset: $0, sender: sender), now: .at(.zero)).entry }
    }

    private func leave(_ flight: inout Flight, _ sender: String, _ offset: Int64) -> [Flight.Action] {
        flight.leave(TestRequest(recipient: one, offset: offset, sender: sender), nil, .unused, now: .at(.zero), jitter: 0)
    }

    @Test func whoKeepsManyRequestsOpenLeavesPlacesAndQueueToOthers() {
        var flight = flight { limits in
            limits.perRecipient.requests = 8
            limits.waitingPerRecipient = ExchangeLoad(requests: 8, bytes: 10_000)
        }
        let loud = enter(&flight, "loud", 1...20)
        #expect(loud.prefix(6).allSatisfy { $0 == .entered } && loud.dropFirst(6).prefix(6).allSatisfy { $0 == .waits })
        #expect(loud.dropFirst(12).allSatisfy { $0 == .refused(.full) })
        let quiet = enter(&flight, "quiet", 31...35)
        #expect(quiet == [.entered, .entered, .waits, .waits, .refused(.full)], "past those who leave it the place")
        #expect(flight.total.requests == 8 && flight.waiting.requests == 8)
        // Seven are under way, one of them the quiet one's: only who has less than a quarter gets the next places.
        #expect(started(leave(&flight, "quiet", 31)) == [33])
        #expect(started(leave(&flight, "loud", 1)) == [])
    }

    @Test func whoHasNothingThereYetIsNotRefusedBecauseOthersFillTheQueue() {
        var flight = flight { limits in
            limits.perRecipient.requests = 8
            limits.waitingPerRecipient = ExchangeLoad(requests: 8, bytes: 10_000)
        }
        _ = enter(&flight, "loud", 1...20)
        #expect(enter(&flight, "other", 31...35) == [.entered, .entered, .waits, .waits, .refused(.full)])
        #expect(enter(&flight, "quiet", 41...42) == [.waits, .refused(.full)], "one more than the queue holds")
        #expect(started(leave(&flight, "loud", 1)) == [41], "the others leave it the place")
        #expect(enter(&flight, "quiet", 43...43) == [.refused(.full)], "it has one there")
    }

    @Test func accountsThatWaitTakeTurnsAndEachKeepsItsOrder() {
        var flight = flight()
        _ = enter(&flight, "other", 1...2)
        _ = enter(&flight, "loud", 3...6)
        _ = enter(&flight, "quiet", 7...8)
        var order: [Int64] = []
        var underWay: [(sender: String, offset: Int64)] = [("other", 1), ("other", 2)]
        while !underWay.isEmpty {
            let next = underWay.removeFirst()
            for offset in started(leave(&flight, next.sender, next.offset)) {
                order.append(offset)
                underWay.append((offset < 7 ? "loud" : "quiet", offset))
            }
        }
        #expect(order == [3, 7, 4, 8, 5, 6])
        #expect(flight.total == ExchangeLoad() && flight.waiting == ExchangeLoad())
    }

    @Test func oneAloneThatIsLargeHasItsPlaceAndWhoGivesUpLosesItsTurn() {
        var flight = flight { $0.perRecipient = ExchangeLoad(requests: 8, bytes: 1000) }
        #expect(enter(&flight, one, 1...1, bytes: 900) == [.entered], "more than three quarters of all, but nothing else")
        let late = flight.enter(
            TestRequest(recipient: one, offset: 2, bytes: 200, sendBy: .at(.seconds(1)), sender: "late"), now: .at(.zero))
        #expect(late.entry == .waits)
        #expect(enter(&flight, "quiet", 3...3) == [.waits], "it would fit, but it is not its turn")
        let actions = flight.wake(now: .at(.seconds(1)))
        #expect(expired(actions) == [2] && started(actions) == [3])
        #expect(flight.waiting == ExchangeLoad())
    }

    // MARK: Breakers

    /// A call that fails; the breaker opens with the second.
    private func fail(_ flight: inout Flight, _ recipient: PartyID, _ offset: Int64, of sender: String? = nil) -> [Flight.Action] {
        let request = TestRequest(recipient: recipient, offset: offset, sender: sender)
        let permit = flight.permit(recipient, of: request.account, now: .at(.zero))
        return flight.leave(request, permit, .failed, callsNobody: \.isRepeated, now: .at(.zero), jitter: 0)
    }

    @Test func whoWaitsIsRefusedAtOnceWhenTheBreakerOpensAndNobodyWaitsMeanwhile() {
        var flight = flight()
        _ = enter(&flight, one, 1...5)
        let repeated = flight.enter(TestRequest(recipient: one, offset: 6, isRepeated: true), callsNobody: true, now: .at(.zero))
        #expect(repeated.entry == .waits)
        #expect(started(fail(&flight, one, 1)) == [3])
        let actions = fail(&flight, one, 2)
        #expect(refused(actions) == [4, 5] && started(actions) == [6], "a repeat calls nobody")
        #expect(enter(&flight, one, 7...7) == [.refused(.breaker)])
        // It finds out for itself that it may not call.
        _ = leave(&flight, one, 3)
        #expect(enter(&flight, one, 8...8) == [.entered])
        let permit = flight.permit(one, of: "another", now: .at(.zero))
        #expect(permit == nil)
        #expect(enter(&flight, two, 9...9) == [.entered])
    }

    @Test func whoseCallsAloneFailIsRefusedAndOthersAreCalled() {
        var flight = flight()
        _ = enter(&flight, "loud", 1...2)
        for offset: Int64 in 1...2 { _ = fail(&flight, one, offset, of: "loud") }
        let (loud, quiet) = (flight.permit(one, of: "loud", now: .at(.zero)), flight.permit(one, of: "quiet", now: .at(.zero)))
        #expect(loud == nil && quiet != nil)
    }

    // MARK: Partitions

    @Test func whatWaitsIsGivenUpWithItsPartition() {
        var flight = flight()
        let other = TopicPartition(topic: "ocn.requests", partition: 1)
        flight.assign([other], epoch: 1)
        _ = enter(&flight, one, 1...4)
        let stays = flight.enter(TestRequest(recipient: one, partition: other, offset: 5), now: .at(.zero))
        #expect(stays.entry == .waits)
        #expect(abandoned(flight.revoke([partition], now: .at(.zero))) == [3, 4])
        // What was on its way when the partition went.
        #expect(enter(&flight, one, 6...6) == [.abandoned])
        flight.assign([partition], epoch: 2)
        #expect(enter(&flight, one, 7...7) == [.abandoned], "of the earlier assignment")
        #expect(started(leave(&flight, one, 1)) == [5])
        #expect(enter(&flight, two, 8...8) == [.entered], "who need not wait is under way already")
    }

    // MARK: Property

    @Test(arguments: 0..<40)
    func everyRequestEndsOnceInOrderAndNobodyWaitsForNothing(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let partitions = (0..<3).map { TopicPartition(topic: "ocn.requests", partition: Int32($0)) }
        let parties = try (0..<5).map { try #require(PartyID("DE-\(100 + $0)")) }
        var limits = Flight.Limits(perRecipient: ExchangeLoad(requests: 3, bytes: 300), inTotal: ExchangeLoad(requests: 8, bytes: 700))
        limits.waitingPerRecipient = ExchangeLoad(requests: 6, bytes: 400)
        limits.waitingInTotal = ExchangeLoad(requests: 100, bytes: 8000)
        limits.breaker.minimumCalls = 4
        var flight = Flight(limits)
        flight.assign(partitions, epoch: 1)
        var model = InFlightModel()
        var now = NIODeadline.at(.zero)
        for offset in 0..<Int64(1500) {
            switch random.next() % 10 {
            case 0..<5:
                var request = TestRequest(recipient: random.pick(parties), partition: random.pick(partitions), offset: offset)
                request.bytes = Int.random(in: 1...250, using: &random)
                request.sendBy = now + .milliseconds(.random(in: 1...3000, using: &random))
                model.entered(request, flight.enter(request, now: now).entry)
            case 5..<9:
                guard let request = model.running.randomElement(using: &random) else { continue }
                let permit = flight.permit(request.recipient, of: request.account, now: now)
                let outcome: Breaker.Outcome = random.chance(40) ? .failed : .succeeded
                model.left(request)
                model.happened(flight.leave(request, permit, outcome, now: now, jitter: 0))
            default:
                now = now + .milliseconds(.random(in: 1...800, using: &random))
                model.happened(flight.wake(now: now))
                #expect(model.waiting.values.joined().allSatisfy { $0.sendBy > now }, "seed \(seed)")
                if random.chance(10) {
                    let partition = random.pick(partitions)
                    model.happened(flight.revoke([partition], now: now))
                    #expect(!model.waiting.values.joined().contains { $0.partition == partition }, "seed \(seed)")
                    flight.assign([partition], epoch: 1)
                }
            }
            #expect(model.problems.isEmpty, "seed \(seed): \(model.problems)")
            model.expectNobodyWaitsForNothing(limits, "seed \(seed)")
            #expect(
                flight.waiting == model.load(model.waiting.values.joined()) && flight.total == model.load(model.running), "seed \(seed)")
        }
        // All that is under way ends, and with it what waits.
        while let request = model.running.first {
            model.left(request)
            model.happened(flight.leave(request, nil, .unused, now: now, jitter: 0))
        }
        #expect(model.waiting.values.allSatisfy { $0.isEmpty }, "seed \(seed)")
    }
}

/// What ``InFlight`` must amount to.
private struct InFlightModel {
    var running: Set<TestRequest> = []
    var waiting: [PartyID: [TestRequest]] = [:]
    var problems: [String] = []

    mutating func entered(_ request: TestRequest, _ entry: InFlight<TestRequest>.Entry) {
        switch entry {
        case .entered:
            if waiting[request.recipient]?.isEmpty == false { problems.append("\(request.offset) overtook") }
            running.insert(request)
        case .waits: waiting[request.recipient, default: []].append(request)
        case .refused, .abandoned: break
        }
    }

    mutating func left(_ request: TestRequest) { running.remove(request) }

    mutating func happened(_ actions: [InFlight<TestRequest>.Action]) {
        for action in actions {
            switch action {
            case .start(let request):
                if waiting[request.recipient]?.first != request { problems.append("\(request.offset) was not first") }
                remove(request)
                running.insert(request)
            case .refuse(let request, _), .expire(let request), .abandon(let request): remove(request)
            case .alarm, .breaker: break
            }
        }
    }

    private mutating func remove(_ request: TestRequest) {
        guard let place = waiting[request.recipient]?.firstIndex(of: request) else {
            return problems.append("\(request.offset) ended twice")
        }
        waiting[request.recipient]?.remove(at: place)
    }

    func load(_ requests: some Sequence<TestRequest>) -> ExchangeLoad {
        requests.reduce(into: ExchangeLoad()) { $0.add($1.bytes) }
    }

    /// The limits hold, and whoever is first in a queue does not fit.
    func expectNobodyWaitsForNothing(_ limits: InFlight<TestRequest>.Limits, _ comment: Comment) {
        let total = load(running)
        #expect(total.requests <= limits.inTotal.requests && total.bytes <= limits.inTotal.bytes, comment)
        var isBlockedByTotal = false
        var canStart = false
        for (recipient, queue) in waiting {
            guard let first = queue.first else { continue }
            let share = load(running.filter { $0.recipient == recipient })
            guard share.fits(first.bytes, in: limits.perRecipient) else { continue }
            if total.fits(first.bytes, in: limits.inTotal) { canStart = true } else { isBlockedByTotal = true }
        }
        // One that is too large for what is left of the total waits at the head of the turn, so that it is not passed over for ever.
        #expect(!canStart || isBlockedByTotal, comment)
        for recipient in Set(running.map(\.recipient)) {
            let share = load(running.filter { $0.recipient == recipient })
            #expect(share.requests <= limits.perRecipient.requests && share.bytes <= limits.perRecipient.bytes, comment)
        }
    }
}
