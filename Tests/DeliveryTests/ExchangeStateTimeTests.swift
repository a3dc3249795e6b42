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
        var world = try ExchangeStateFixture()
        _ = world.assign(committed: -1, isAcknowledged: false)
        let entry = try world.exchange(0, lasts: 1000)
        #expect(world.state.received([entry], now: world.now).contains { if case .wake(.at(.seconds(1))) = $0 { true } else { false } })
        world.time = 1000
        #expect(world.wake() == ["refuse 0 late(isInDoubt: false)"])
        #expect(world.replied(entry.exchange) == ["finish 0"])
        #expect(!world.acknowledge().contains("begin 0"))
    }

    @Test func whoseTimeIsOverOnItsWayToItsEventLoopIsNotAdmitted() throws {
        var world = try ready()
        let entry = try world.exchange(0, lasts: 1000)
        _ = world.receive([entry])
        world.time = 1000
        #expect(world.admit(entry.exchange) == ["refuse 0 late(isInDoubt: false)"])
        #expect(world.state.figures.calls == 0 && world.replied(entry.exchange) == ["finish 0"])
    }

    @Test func whoseTimeIsOverWhileItWaitsForAPlaceIsNotCalled() throws {
        var world = try ready { $0.callsPerRecipient = 1 }
        let entries = [try world.exchange(0), try world.exchange(1, lasts: 1000), try world.exchange(2, lasts: 2000)]
        for entry in entries { _ = world.begin(entry) }
        world.time = 1000
        #expect(world.wake() == ["refuse 1 expired"])
        // Nothing has told that the time of the other one is over as well.
        world.time = 2000
        _ = world.answer(entries[0].exchange)
        #expect(world.replied(entries[0].exchange) == ["refuse 2 expired", "finish 0"])
        #expect(world.replied(entries[1].exchange) == ["finish 1"] && world.replied(entries[2].exchange) == ["finish 2"])
        #expect(world.state.figures == ExchangeFigures())
    }

    @Test func whoseTimeIsOverBeforeItsCallIsNotSent() throws {
        var world = try ready()
        let entries = try (0..<2).map { try world.exchange($0, .post, id: "x", lasts: 1000) }
        for entry in entries { _ = world.begin(entry) }
        world.time = 1000
        let told = world.told(world.state.expired(entries[0].exchange, now: world.now))
        #expect(told == ["repeat 1 expired", "refuse 0 late(isInDoubt: false)"])
        for entry in entries { #expect(world.replied(entry.exchange) == ["finish \(entry.exchange.offset)"]) }
        // Between two attempts the recipient was asked for.
        let other = try world.exchange(2, lasts: 1000)
        _ = world.begin(other)
        _ = world.fail(other.exchange, .notSent)
        #expect(world.told(world.state.expired(other.exchange, now: world.now)) == ["refuse 2 expired"])
    }

    @Test func whatAnEarlierOwnerMayHaveSentIsNotCalledTooLate() throws {
        var world = try ExchangeStateFixture()
        _ = world.assign("b2;1;1", committed: 0)
        let entry = try world.exchange(0, lasts: 1000)
        _ = world.receive([entry])
        world.time = 1000
        #expect(world.admit(entry.exchange) == ["refuse 0 late(isInDoubt: true)"])
        #expect(ExchangeRefusal.late(isInDoubt: true).failure(of: entry.exchange.recipient).outcome == .timeout)
    }

    @Test func whatIsOverdueIsDroppedABoundedNumberAtATime() throws {
        var world = try ExchangeStateFixture()
        _ = world.assign(committed: -1, isAcknowledged: false)
        _ = world.receive(try (0..<600).map { try world.exchange($0, lasts: 1000) })
        world.time = 1000
        var dropped: [Int] = []
        var isDue = true
        while isDue, dropped.count < 10 {
            let actions = world.state.wake(now: world.now)
            dropped.append(actions.count { if case .refuse = $0 { true } else { false } })
            isDue = actions.contains { if case .wake(let due) = $0 { due <= world.now } else { false } }
        }
        #expect(dropped == [256, 256, 88] && world.state.figures.waitingForIntent == 0)
    }
}
