import Encoding
import Kafka
import NIOCore
import OCPI
import Testing

@testable import Delivery
@testable import Outbound
@testable import Topics

/// What follows from what happens to a request, without Kafka and on a clock of the test.
@Suite struct ExchangeStateTests {
    private func ready(_ change: (inout ExchangeSettings) -> Void = { _ in }) throws -> ExchangeStateFixture { try .ready(change) }

    // MARK: Order

    @Test func aRequestGoesFromItsRecordToItsOffset() throws {
        var world = try ready()
        let entry = try world.exchange(0)
        #expect(world.receive([entry]) == ["begin 0"])
        #expect(world.admit(entry.exchange) == ["call 0"])
        #expect(world.state.figures == ExchangeFigures(calls: 1))
        #expect(world.answer(entry.exchange) == ["reply 0 answered"])
        #expect(world.state.figures.calls == 1, "it keeps its place until its reply is in Kafka")
        #expect(world.replied(entry.exchange) == ["finish 0"])
        #expect(world.state.figures == ExchangeFigures() && world.state.begun == 0)
    }

    @Test func requestsOfOneKeyAreBegunAndCalledInTheirOrder() throws {
        var world = try ready { $0.callsPerRecipient = 1 }
        let entries = try (0..<12).map { try world.exchange($0, .put, key: "one") }
        var begun = world.receive(entries)
        begun += world.acknowledge()
        #expect(begun.filter { $0.hasPrefix("begin") } == (0..<12).map { "begin \($0)" })
        var called: [String] = []
        for entry in entries { called += world.admit(entry.exchange) }
        for entry in entries {
            #expect(world.answer(entry.exchange) == ["reply \(entry.exchange.offset) answered"])
            called += world.replied(entry.exchange).filter { $0.hasPrefix("call") }
        }
        #expect(called == (0..<12).map { "call \($0)" })
    }

    @Test func onlyItsRecipientIsHeldUpByWhatWaits() throws {
        var world = try ready()
        for number: Int64 in 0..<4 {
            let told = world.begin(try world.exchange(number))
            #expect(told == (number < 2 ? ["call \(number)"] : []))
        }
        #expect(world.begin(try world.exchange(4, to: "DE-BIL")) == ["call 4"])
        #expect(world.state.figures == ExchangeFigures(waitingForPlace: 2, calls: 3))
    }

    @Test func moreThanMayWaitIsRefused() throws {
        var world = try ready {
            $0.callsPerRecipient = 1
            $0.waitingPerRecipient = 1
        }
        let told = try (0..<3).map { try world.begin(world.exchange($0)) }
        #expect(told == [["call 0"], [], ["refuse 2 busy"]])
    }

    // MARK: Intents

    @Test func nothingIsBegunBeforeAnIntentIsAcknowledged() throws {
        var world = try ExchangeStateFixture()
        #expect(world.assign(committed: -1, isAcknowledged: false) == ["intent"])
        let entries = try (0..<2).map { try world.exchange($0) }
        let commit = world.commit(0)
        #expect(world.receive(entries) == ["intent"])
        #expect(world.state.figures.waitingForIntent == 2 && world.state.begun == 0)
        #expect(world.told(world.state.committed([commit], now: world.now)).prefix(2) == ["begin 0", "begin 1"])
        #expect(world.state.figures.waitingForIntent == 0)
    }

    @Test func whoWaitedIsMeasured() throws {
        var world = try ExchangeStateFixture { $0.callsPerRecipient = 1 }
        _ = world.assign(committed: -1, isAcknowledged: false)
        let entries = try (0..<2).map { try world.exchange($0) }
        _ = world.receive(entries)
        world.time = 20
        func waits(_ actions: ExchangeState.Actions) -> [String] {
            actions.compactMap { if case .waited(let time, let wait) = $0 { "\(wait) \(time.nanoseconds / 1_000_000)" } else { nil } }
        }
        let commit = world.commit(0)
        #expect(waits(world.state.committed([commit], now: world.now)) == ["intent 20", "intent 20"])
        for entry in entries { _ = world.admit(entry.exchange) }
        world.time = 50
        _ = world.answer(entries[0].exchange)
        #expect(waits(world.state.replyAcknowledged(entries[0].exchange, now: world.now, jitter: 0)) == ["place 50"])
    }

    @Test func readingPausesWhileMuchWaitsForAnIntent() throws {
        var world = try ExchangeStateFixture()
        _ = world.assign(committed: -1, isAcknowledged: false)
        #expect(world.receive(try (0..<2000).map { try world.exchange($0) }) == ["intent", "pause"])
        let told = world.acknowledge()
        #expect(told.contains("resume") && told.count { $0.hasPrefix("begin") } == 2000)
    }

    // MARK: Partitions that come and go

    @Test func whatWaitsIsAbandonedWithItsPartitionAndWhatIsCalledEnds() throws {
        var world = try ready { $0.callsPerRecipient = 1 }
        let entries = try (0..<3).map { try world.exchange($0, .post) }
        _ = world.receive(entries)
        for entry in entries { _ = world.admit(entry.exchange) }
        let late = (3..<12).compactMap { try? world.exchange($0, .post) }
        _ = world.receive(late)
        let told = world.told(world.state.revoked([ExchangeStateFixture.partition], now: world.now))
        let waiting = late.map(\.exchange.offset).filter { told.contains("abandon \($0)") }
        #expect(told.starts(with: ["abandon 1", "abandon 2"]) && told.last == "intent" && !waiting.isEmpty)
        #expect(world.answer(entries[0].exchange) == ["reply 0 answered"])
        #expect(world.replied(entries[0].exchange) == ["finish 0"], "the next owner need not ask what became of it")
        #expect(world.replied(entries[1].exchange).isEmpty && world.answer(entries[2].exchange).isEmpty)
        let text = try #require(world.commit(0).metadata)
        let intent = try #require(StartIntent(text: text, committed: 0))
        #expect(intent.unbegun.contains(1) && intent.unbegun.contains(2) && !intent.unbegun.contains(0))
    }

    @Test func whatWasOnItsWayToItsEventLoopIsAbandonedIfItWouldWait() throws {
        var world = try ready { $0.callsPerRecipient = 1 }
        let entries = try (0..<2).map { try world.exchange($0) }
        _ = world.receive(entries)
        _ = world.admit(entries[0].exchange)
        _ = world.state.revoked([ExchangeStateFixture.partition], now: world.now)
        #expect(world.admit(entries[1].exchange) == ["abandon 1"])
        #expect(world.state.begun == 1)
    }

    @Test func whatAnEarlierOwnerMayHaveSentIsSentAgainOnlyIfThatIsHarmless() throws {
        var world = try ExchangeStateFixture()
        _ = world.assign("b2;4;1", committed: 0)
        let entries = [
            try world.exchange(0, .post, key: "a"), try world.exchange(1), try world.exchange(2, .put, key: "b"),
            try world.exchange(3, .put, key: "b"), try world.exchange(4, .post, key: "a"),
        ]
        let told = world.receive(entries) + world.acknowledge()
        #expect(told.filter { $0.hasPrefix("begin") }.count == 5)
        let admitted = entries.map { world.admit($0.exchange) }
        #expect(admitted[0] == ["refuse 0 inDoubt"] && admitted[1] == ["call 1"])
        #expect(admitted[2] == ["refuse 2 inDoubt"], "a newer write of the object is in sight")
        #expect(admitted[3] == ["call 3"])
        #expect(world.replied(entries[0].exchange) == ["finish 0"])
    }

    @Test func whatComesAgainWhileItIsUnderWayGetsTheSameAnswer() throws {
        var world = try ready()
        let first = try world.exchange(0, .post, id: "x")
        #expect(world.begin(first) == ["call 0"])
        _ = world.state.revoked([ExchangeStateFixture.partition], now: world.now)
        let left = world.commit(0).metadata
        world.epoch = 2
        _ = world.assign(left, committed: 0)
        let again = try world.exchange(0, .post, id: "x")
        #expect(world.begin(again) == [], "it is in doubt and would not be sent, but it is known here what becomes of it")
        guard case .waitsForAnswer? = world.state.stage(of: again.exchange) else {
            Issue.record("it waits for the first one's answer")
            return
        }
        #expect(world.answer(first.exchange) == ["repeat 0 answered", "reply 0 answered"])
        #expect(world.replied(first.exchange) == ["finish 0"] && world.replied(again.exchange) == ["finish 0"])
        #expect(world.state.figures == ExchangeFigures())
        // After its end as well.
        _ = world.state.revoked([ExchangeStateFixture.partition], now: world.now)
        let later = world.commit(0).metadata
        world.epoch = 3
        _ = world.assign(later, committed: 0)
        #expect(world.begin(try world.exchange(0, .post, id: "x")) == ["repeat 0 answered"])
    }

    // MARK: Repeats

    @Test func aRepeatWaitsForTheFirstAndIsAnsweredFromMemoryLater() throws {
        var world = try ready()
        let entries = try (0..<3).map { try world.exchange($0, .post, id: "x") }
        #expect(world.begin(entries[0]) == ["call 0"])
        #expect(world.begin(entries[1]) == [])
        #expect(world.answer(entries[0].exchange) == ["repeat 1 answered", "reply 0 answered"])
        #expect(world.begin(entries[2]) == ["repeat 2 answered"])
        #expect(entries.map { world.replied($0.exchange) } == [["finish 0"], ["finish 1"], ["finish 2"]])
        world.time += 600_000
        #expect(world.begin(try world.exchange(3, .post, id: "x")) == ["call 3"], "the window is over")
    }

    @Test func whatWasNotDoneIsNotRemembered() throws {
        var world = try ready()
        let entries = try (0..<3).map { try world.exchange($0, .post, id: "x") }
        _ = world.begin(entries[0])
        _ = world.begin(entries[1])
        let told = world.answer(entries[0].exchange, 503)
        #expect(told == ["repeat 1 answered", "reply 0 answered"])
        #expect(entries.prefix(2).map { world.replied($0.exchange) } == [["finish 0"], ["finish 1"]])
        #expect(world.begin(entries[2]) == ["call 2"])
    }

    @Test func ofRepeatsThatWaitForAPlaceEachAsksAnewWhatBecameOfTheFirst() throws {
        var world = try ready { $0.callsPerRecipient = 1 }
        let entries = try (0..<3).map { try world.exchange($0, .post, id: "x") }
        _ = world.receive(entries)
        let admitted = entries.map { world.admit($0.exchange) }
        #expect(admitted == [["call 0"], [], []])
        _ = world.answer(entries[0].exchange, 503)
        #expect(world.replied(entries[0].exchange) == ["call 1", "finish 0"], "nothing was done")
        _ = world.answer(entries[1].exchange, 200)
        #expect(world.replied(entries[1].exchange) == ["repeat 2 answered", "finish 1"])
    }

    @Test func whatFailsBeforeTheCallFailsForItsRepeatsToo() throws {
        var world = try ready()
        let entries = try (0..<2).map { try world.exchange($0, .post, id: "x") }
        for entry in entries { _ = world.begin(entry) }
        let failure = ExchangeFailure(.refused, OCPIError(code: .invalidParameters, message: "response_url"))
        let told = world.told(world.state.failed(entries[0].exchange, failure, now: world.now))
        #expect(told == ["repeat 1 refused", "reply 0 refused"])
    }

    // MARK: Breakers

    @Test func aBreakerThatOpensRefusesWhatWaitsAndWhatComes() throws {
        var world = try ready()
        let entries = try (0..<6).map { try world.exchange($0, $0 == 5 ? .post : .get, id: $0 == 5 ? "x" : nil) }
        for entry in entries.prefix(4) { _ = world.begin(entry) }
        #expect(world.fail(entries[0].exchange) == ["reply 0 timeout"] && world.fail(entries[1].exchange) == ["reply 1 timeout"])
        #expect(world.replied(entries[0].exchange) == ["call 2", "finish 0"])
        #expect(world.replied(entries[1].exchange) == ["breaker opened", "refuse 3 breaker", "finish 1"])
        #expect(world.state.figures == ExchangeFigures(calls: 1, unanswering: 1))
        #expect(world.begin(entries[4]) == ["refuse 4 breaker"])
        #expect(world.begin(entries[5]) == ["refuse 5 breaker"], "it would have to wait")
    }

    @Test func aPermitIsGivenBackExactlyOnce() throws {
        var world = try ready()
        let failing = try (0..<2).map { try world.exchange($0) }
        for entry in failing {
            _ = world.begin(entry)
            _ = world.fail(entry.exchange)
            _ = world.replied(entry.exchange)
        }
        #expect(world.state.figures == ExchangeFigures(unanswering: 1))
        world.time = 6000
        // One probe at a time, whatever is told twice about an earlier one.
        let probe = try world.exchange(2)
        #expect(world.begin(probe) == ["call 2"])
        for _ in 0..<2 {
            let other = try world.exchange(3)
            #expect(world.begin(other) == ["refuse 3 breaker"])
            #expect(world.replied(other.exchange) == ["finish 3"] && world.replied(other.exchange).isEmpty)
        }
        // It was not called after all: its permit goes to the next one, once.
        let failure = ExchangeFailure(.refused, OCPIError(code: .invalidParameters, message: "response_url"))
        #expect(world.told(world.state.failed(probe.exchange, failure, now: world.now)) == ["reply 2 refused"])
        #expect(world.told(world.state.failed(probe.exchange, failure, now: world.now)).isEmpty)
        #expect(world.replied(probe.exchange) == ["finish 2"] && world.replied(probe.exchange).isEmpty)
        let next = try world.exchange(4)
        #expect(world.begin(next) == ["call 4"])
        #expect(world.begin(try world.exchange(5)) == ["refuse 5 breaker"])
        #expect(world.answer(next.exchange) == ["reply 4 answered"] && world.answer(next.exchange).isEmpty)
        #expect(world.replied(next.exchange) == ["breaker closed", "finish 4"])
        #expect(world.state.figures.unanswering == 0)
    }

    @Test func aRepeatThatWaitsForAnAnswerNeedsNoPermit() throws {
        var world = try ready { $0.callsPerRecipient = 4 }
        let first = try world.exchange(0, .post, id: "x")
        _ = world.begin(first)
        for number: Int64 in 1...2 {
            let entry = try world.exchange(number)
            _ = world.begin(entry)
            _ = world.fail(entry.exchange)
            _ = world.replied(entry.exchange)
        }
        #expect(world.begin(try world.exchange(3)) == ["refuse 3 breaker"])
        let again = try world.exchange(4, .post, id: "x")
        #expect(world.begin(again) == [])
        #expect(world.answer(first.exchange) == ["repeat 4 answered", "reply 0 answered"])
    }

    // MARK: Attempts

    @Test func whatWasNotSentIsTriedAgainWhileThereIsTime() throws {
        var world = try ready()
        let entry = try world.exchange(0)
        _ = world.begin(entry)
        #expect(world.fail(entry.exchange, .notSent) == ["again in 50"])
        #expect(world.fail(entry.exchange, .busy) == ["again in 200"])
        #expect(world.fail(entry.exchange, .notSent) == ["reply 0 unreachable"])
        for (number, kind) in [OutboundFailure.Kind.timeout, .broken, .forbidden, .tooLarge].enumerated() {
            let other = try world.exchange(1, to: "DE-TO\(number)")
            _ = world.begin(other)
            #expect(world.fail(other.exchange, kind).first?.hasPrefix("reply 1") == true, "\(kind)")
            _ = world.replied(other.exchange)
        }
        let short = try world.exchange(2, to: "DE-BIL", lasts: 50)
        _ = world.begin(short)
        #expect(world.fail(short.exchange, .notSent) == ["reply 2 unreachable"], "its time would be over")
    }

    @Test func aReplyIsWrittenUntilKafkaHasItOrItsCallerIsGone() throws {
        var world = try ready()
        let entry = try world.exchange(0, lasts: 5000)
        _ = world.begin(entry)
        _ = world.answer(entry.exchange)
        func fail(isFinal: Bool = false) -> [String] {
            world.told(world.state.replyFailed(entry.exchange, isFinal: isFinal, now: world.now, jitter: 0))
        }
        #expect((0..<8).map { _ in fail() }.joined().map { $0 } == [40, 80, 160, 320, 640, 1000, 1000, 1000].map { "again in \($0)" })
        world.time = 4000
        #expect(fail() == ["finish 0"])
        #expect(fail().isEmpty && world.replied(entry.exchange).isEmpty, "once")
        let hopeless = try world.exchange(1)
        _ = world.begin(hopeless)
        _ = world.answer(hopeless.exchange)
        #expect(world.told(world.state.replyFailed(hopeless.exchange, isFinal: true, now: world.now, jitter: 0)) == ["finish 1"])
        #expect(world.state.figures == ExchangeFigures() && world.state.begun == 0)
    }

    // MARK: What is not called

    @Test func aRecordThatNobodyWaitsForIsFinishedAtOnce() throws {
        var world = try ready()
        #expect(world.receive([try world.exchange(0, .put, hasReply: false)]) == ["finish 0"])
        #expect(world.state.begun == 0)
    }

    @Test func whatCannotBeTrueOrHasNoRouteIsRefusedWithoutAPlace() throws {
        var world = try ready()
        let untrue = try world.exchange(0, fault: RecordError(header: "ce_time", reason: "in the future"))
        #expect(world.begin(untrue) == ["refuse 0 implausible"])
        let entry = try world.exchange(1)
        _ = world.receive([entry])
        let failure = ExchangeFailure(.refused, .unknownReceiver(entry.exchange.recipient))
        #expect(world.admit(entry.exchange, unroutable: failure) == ["refuse 1 unroutable"])
        #expect(world.state.figures == ExchangeFigures())
    }
}
