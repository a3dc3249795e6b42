import NIOCore
import OCPI
import Testing
import Topics

@testable import Delivery
@testable import Outbound

/// Expired work is dropped wherever it stands, without Kafka and on a clock of the test.
@Suite struct ExchangeStateTimeTests {
    private func ready(_ change: (inout ExchangeSettings) -> Void = { _ in }) throws -> ExchangeStateFixture { try .ready(change) }

    @Test func whoseTimeIsOverWhileItWaitsForAnIntentIsNotBegun() throws {
        var environment = try ExchangeStateFixture()
        _ = environment.assign(committed: -1, isAcknowledged: false)
        let entry = try environment.exchange(0, lasts: 1000)
        #expect(
            environment.state.received([entry], now: environment.now).contains {
                if case .wake(.at(.seconds(1))) = $0 { true } else { false }
            })
        environment.time = 1000
        #expect(environment.wake() == ["refuse 0 late(isInDoubt: false)"])
        #expect(environment.replied(entry.exchange) == ["finish 0"])
        #expect(!environment.acknowledge().contains("begin 0"))
    }

    @Test func whoseTimeIsOverOnItsWayToItsEventLoopIsNotAdmitted() throws {
        var environment = try ready()
        let entry = try environment.exchange(0, lasts: 1000)
        _ = environment.receive([entry])
        environment.time = 1000
        #expect(environment.admit(entry.exchange) == ["refuse 0 late(isInDoubt: false)"])
        #expect(environment.state.figures.calls == 0 && environment.replied(entry.exchange) == ["finish 0"])
    }

    @Test func whoseTimeIsOverWhileItWaitsForAPlaceIsNotCalled() throws {
        var environment = try ready { $0.callsPerRecipient = 1 }
        let entries = [try environment.exchange(0), try environment.exchange(1, lasts: 1000), try environment.exchange(2, lasts: 2000)]
        for entry in entries { _ = environment.begin(entry) }
        environment.time = 1000
        #expect(environment.wake() == ["refuse 1 expired"])
        // Nothing has told that the time of the other one is over as well.
        environment.time = 2000
        _ = environment.answer(entries[0].exchange)
        #expect(environment.replied(entries[0].exchange) == ["refuse 2 expired", "finish 0"])
        #expect(environment.replied(entries[1].exchange) == ["finish 1"] && environment.replied(entries[2].exchange) == ["finish 2"])
        #expect(environment.state.figures == ExchangeFigures())
    }

    @Test func whoseTimeIsOverBeforeItsCallIsNotSent() throws {
        var environment = try ready()
        let entries = try (0..<2).map { try environment.exchange($0, .post, id: "x", lasts: 1000) }
        for entry in entries { _ = environment.begin(entry) }
        environment.time = 1000
        let told = environment.told(environment.state.expired(entries[0].exchange, now: environment.now))
        #expect(told == ["repeat 1 expired", "refuse 0 late(isInDoubt: false)"])
        for entry in entries { #expect(environment.replied(entry.exchange) == ["finish \(entry.exchange.offset)"]) }
        // Between two attempts the recipient was asked for.
        let other = try environment.exchange(2, lasts: 1000)
        _ = environment.begin(other)
        _ = environment.fail(other.exchange, .notSent)
        #expect(environment.told(environment.state.expired(other.exchange, now: environment.now)) == ["refuse 2 expired"])
    }

    @Test func whatAnEarlierOwnerMayHaveSentIsNotCalledTooLate() throws {
        var environment = try ExchangeStateFixture()
        _ = environment.assign("b2;1;1", committed: 0)
        let entry = try environment.exchange(0, lasts: 1000)
        _ = environment.receive([entry])
        environment.time = 1000
        #expect(environment.admit(entry.exchange) == ["refuse 0 late(isInDoubt: true)"])
        #expect(ExchangeRefusal.late(isInDoubt: true).failure(of: entry.exchange.recipient).outcome == .timeout)
    }

    @Test func whatIsOverdueIsDroppedABoundedNumberAtATime() throws {
        var environment = try ExchangeStateFixture()
        _ = environment.assign(committed: -1, isAcknowledged: false)
        _ = environment.receive(try (0..<600).map { try environment.exchange($0, lasts: 1000) })
        environment.time = 1000
        var dropped: [Int] = []
        var isDue = true
        while isDue, dropped.count < 10 {
            let actions = environment.state.wake(now: environment.now)
            dropped.append(actions.count { if case .refuse = $0 { true } else { false } })
            isDue = actions.contains { if case .wake(let due) = $0 { due <= environment.now } else { false } }
        }
        #expect(dropped == [256, 256, 88] && environment.state.figures.waitingForIntent == 0)
    }
}
