import OCPI
import Testbed
import Testing

@testable import Soak

@Suite struct LedgerTests {
    private let steady: PartyID
    private let other: PartyID

    init() throws {
        steady = try #require(PartyID("DE-FIT"))
        other = try #require(PartyID("DE-LAG"))
    }

    private func ledger(inFlight: Int = 2) -> Ledger { Ledger(inFlight: inFlight, commitInterval: .milliseconds(100)) }

    private func message(
        _ number: Int, _ sequence: Int, of object: String = "sessions/S1", to recipients: [PartyID]? = nil
    ) -> Ledger.Message {
        Ledger.Message(number: number, object: object, sequence: sequence, recipients: recipients ?? [steady], fingerprint: number)
    }

    /// A correct arrival at the recipient.
    private func arrive(_ ledger: inout Ledger, _ number: Int, at recipient: PartyID? = nil, _ time: Duration = .zero) {
        let recipient = recipient ?? steady
        ledger.arrived(number, id: "\(number)/\(recipient)", fingerprint: number, at: recipient, time: time)
    }

    private func accept(_ ledger: inout Ledger, _ message: Ledger.Message, _ time: Duration = .zero) {
        ledger.sends(message)
        ledger.accepted(message.number, at: time)
    }

    @Test func acceptedCopiesAreDeliveredDeadExpiredWithheldOrWaiting() {
        var ledger = ledger()
        for number in 1...5 { accept(&ledger, message(number, 1, of: "sessions/S\(number)", to: [steady, other])) }
        #expect(ledger.waiting == 10)
        arrive(&ledger, 1)
        arrive(&ledger, 1, at: other)
        ledger.died(2, .dead, for: steady, at: .zero)
        ledger.died(3, .expired, for: steady, at: .zero)
        ledger.withdrew(other, at: .zero)
        let balance = ledger.balance(at: .zero)
        #expect(balance.requests == 5 && balance.accepted == 10)
        #expect(balance.delivered == 2 && balance.dead == 1 && balance.expired == 1 && balance.withheld == 4 && balance.waiting == 2)
        #expect(balance.adds && !balance.isClean && ledger.waiting == 2)
        #expect(ledger.missing(limit: 9) == ["request 4 (sessions/S4, 1) for DE-FIT", "request 5 (sessions/S5, 1) for DE-FIT"])
        #expect(ledger.missing(limit: 1).count == 1)
        arrive(&ledger, 4)
        arrive(&ledger, 5)
        #expect(ledger.balance(at: .zero).isClean)
    }

    @Test func aCopyMayArriveBeforeItsCallerHasTheAnswer() {
        var ledger = ledger()
        ledger.sends(message(1, 1))
        arrive(&ledger, 1)
        #expect(ledger.balance(at: .zero).uncertain == 1)
        ledger.accepted(1, at: .zero)
        let balance = ledger.balance(at: .zero)
        #expect(balance.delivered == 1 && balance.uncertain == 0 && balance.isClean && ledger.waiting == 0)
    }

    @Test func whatNobodyKnowsToBeAcceptedIsNotOwedButKeepsTheOrder() {
        var ledger = ledger()
        accept(&ledger, message(1, 1))
        ledger.sends(message(2, 2))
        ledger.sends(message(3, 3))
        arrive(&ledger, 1)
        #expect(ledger.balance(at: .zero).isClean, "request 2 is neither lost nor wrong")
        arrive(&ledger, 3)
        arrive(&ledger, 2)
        let balance = ledger.balance(at: .zero)
        #expect(balance.uncertain == 2 && balance.orderViolations == 1 && balance.accepted == 1)
    }

    @Test func whatWasNeverSentMustNotArrive() {
        var ledger = ledger()
        ledger.sends(message(1, 1))
        ledger.refused(1)
        #expect(ledger.balance(at: .zero).isClean)
        arrive(&ledger, 1)
        #expect(ledger.balance(at: .zero).unexpectedCopies == 1)
    }

    @Test func aFirstDeliveryOutOfOrderIsAViolationOnlyForThatRecipientAndObject() {
        var ledger = ledger()
        for number in 1...3 { accept(&ledger, message(number, number, of: "sessions/S1", to: [steady, other])) }
        accept(&ledger, message(4, 1, of: "sessions/S2", to: [steady]))
        arrive(&ledger, 1)
        arrive(&ledger, 3)
        arrive(&ledger, 4)
        for number in 1...3 { arrive(&ledger, number, at: other) }
        #expect(ledger.balance(at: .zero).orderViolations == 0, "a gap alone is none: the missing one may end as a dead letter")
        arrive(&ledger, 2)
        let balance = ledger.balance(at: .zero)
        #expect(balance.orderViolations == 1 && balance.waiting == 0 && !balance.isClean)
        #expect(balance.notes == ["DE-FIT got sessions/S1 2 for the first time after 3"])
    }

    @Test func repeatsAreDuplicatesAlsoBehindNewerOnes() {
        var ledger = ledger()
        accept(&ledger, message(1, 1))
        accept(&ledger, message(2, 2))
        for number in [1, 2, 1, 2, 2] { arrive(&ledger, number) }
        let balance = ledger.balance(at: .zero)
        #expect(balance.delivered == 2 && balance.duplicates == 3 && balance.orderViolations == 0)
    }

    @Test func repeatsNeedAReason() {
        var ledger = ledger(inFlight: 2)
        accept(&ledger, message(1, 1))
        for second in 0..<5 { arrive(&ledger, 1, .seconds(second)) }
        // Two running copies and one within a commit interval.
        #expect(ledger.balance(at: .zero).duplicatesAllowed == 3 && ledger.balance(at: .zero).duplicates == 4)
        #expect(!ledger.balance(at: .zero).isClean)
        ledger.restarted(.push)
        #expect(ledger.balance(at: .zero).duplicatesAllowed == 6 && ledger.balance(at: .zero).isClean)
        for number in 2...8 { accept(&ledger, message(number, number)) }
        ledger.restarted(.matcher)
        #expect(ledger.balance(at: .zero).duplicatesAllowed == 9 + 7, "a matcher writes again what waits")
    }

    @Test func aDeadLetterCountsOnceAndNotBesidesADelivery() {
        var ledger = ledger()
        accept(&ledger, message(1, 1))
        accept(&ledger, message(2, 2))
        ledger.died(1, .dead, for: steady, at: .zero)
        ledger.died(1, .expired, for: steady, at: .zero)
        ledger.died(2, .dead, for: steady, at: .zero)
        arrive(&ledger, 2)
        let balance = ledger.balance(at: .zero)
        #expect(balance.dead == 1 && balance.expired == 0 && balance.delivered == 1 && balance.isClean && ledger.waiting == 0)
    }

    @Test func aCopyThatIsNotExpectedIsAnUnexpectedCopy() {
        var ledger = ledger()
        accept(&ledger, message(1, 1))
        arrive(&ledger, 1)
        arrive(&ledger, 1, at: other)
        arrive(&ledger, 7)
        ledger.arrived(nil, id: "x", fingerprint: 0, at: steady, time: .zero)
        ledger.died(8, .dead, for: steady, at: .zero)
        ledger.unreadable("something")
        #expect(ledger.balance(at: .zero).unexpectedCopies == 5)
    }

    @Test func aCopyIsTheSameBytesUnderTheSameId() {
        var ledger = ledger()
        accept(&ledger, message(1, 1))
        accept(&ledger, message(2, 2))
        ledger.arrived(1, id: "a", fingerprint: 99, at: steady, time: .zero)
        #expect(ledger.balance(at: .zero).unexpectedCopies == 1, "altered")
        ledger.arrived(1, id: "b", fingerprint: 1, at: steady, time: .zero)
        #expect(ledger.balance(at: .zero).unexpectedCopies == 2, "another id")
        ledger.arrived(2, id: "a", fingerprint: 2, at: steady, time: .zero)
        #expect(ledger.balance(at: .zero).unexpectedCopies == 3, "an id that another copy has")
        ledger.arrived(2, id: nil, fingerprint: 2, at: steady, time: .zero)
        #expect(ledger.balance(at: .zero).unexpectedCopies == 4, "none")
    }

    @Test func theLongestStallIsTheLongestTimeWithoutAnyDeliveryWhileSomethingWaited() {
        var ledger = ledger()
        accept(&ledger, message(1, 1), .seconds(10))
        accept(&ledger, message(2, 2), .seconds(11))
        accept(&ledger, message(3, 1, of: "x", to: [other]), .seconds(11))
        arrive(&ledger, 1, .seconds(12))
        arrive(&ledger, 2, .seconds(13))
        #expect(ledger.balance(at: .seconds(13)).longestStall == .seconds(2))
        #expect(ledger.balance(at: .seconds(20)).longestStall == .seconds(7), "what goes on counts")
        arrive(&ledger, 3, at: other, .seconds(14))
        let balance = ledger.balance(at: .seconds(60))
        #expect(balance.longestStall == .seconds(2), "nothing waited after that")
        #expect(balance.longestStalls == [steady: .seconds(2), other: .seconds(3)])
    }

    @Test func anySequenceOfEventsInOrderBalances() {
        for seed in UInt64(1)...200 {
            var numbers = SeededNumbers(seed: seed)
            var ledger = ledger()
            var arrivals: [PartyID: [[Int]]] = [steady: [[], []], other: [[], []]]
            var number = 0
            for step in 0..<200 {
                let time = Duration.milliseconds(step)
                let object = Int.random(in: 0..<2, using: &numbers)
                if Bool.random(using: &numbers) {
                    number += 1
                    let message = message(number, number, of: "sessions/S\(object)", to: [steady, other])
                    ledger.sends(message)
                    if Int.random(in: 0..<10, using: &numbers) > 0 { ledger.accepted(number, at: time) }
                    for recipient in [steady, other] { arrivals[recipient]?[object].append(number) }
                } else {
                    let recipient = Bool.random(using: &numbers) ? steady : other
                    guard let next = arrivals[recipient]?[object].first else { continue }
                    // Accepted once or twice, or rejected for good.
                    switch Int.random(in: 0..<4, using: &numbers) {
                    case 0: ledger.died(next, .dead, for: recipient, at: time)
                    case 1: arrive(&ledger, next, at: recipient, time)
                    default: arrive(&ledger, next, at: recipient, time)
                    }
                    if Int.random(in: 0..<5, using: &numbers) > 0 { arrivals[recipient]?[object].removeFirst() }
                }
            }
            let balance = ledger.balance(at: .seconds(1))
            #expect(balance.adds && balance.waiting == ledger.waiting, "seed \(seed)")
            #expect(balance.orderViolations == 0 && balance.unexpectedCopies == 0, "seed \(seed)")
            #expect(ledger.missing(limit: .max).count == ledger.waiting, "seed \(seed)")
        }
    }
}
