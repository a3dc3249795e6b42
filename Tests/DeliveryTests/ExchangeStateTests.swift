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
        var environment = try ready()
        let entry = try environment.exchange(0)
        #expect(environment.receive([entry]) == ["begin 0"])
        #expect(environment.admit(entry.exchange) == ["call 0"])
        #expect(environment.state.figures == ExchangeFigures(calls: 1))
        #expect(environment.answer(entry.exchange) == ["reply 0 answered"])
        #expect(environment.state.figures.calls == 1, "it keeps its place until its reply is in Kafka")
        #expect(environment.replied(entry.exchange) == ["finish 0"])
        #expect(environment.state.figures == ExchangeFigures() && environment.state.begun == 0)
    }

    @Test func requestsOfOneKeyAreBegunAndCalledInTheirOrder() throws {
        var environment = try ready { $0.callsPerRecipient = 1 }
        let entries = try (0..<12).map { try environment.exchange($0, .put, key: "one") }
        var begun = environment.receive(entries)
        begun += environment.acknowledge()
        #expect(begun.filter { $0.hasPrefix("begin") } == (0..<12).map { "begin \($0)" })
        var called: [String] = []
        for entry in entries { called += environment.admit(entry.exchange) }
        for entry in entries {
            #expect(environment.answer(entry.exchange) == ["reply \(entry.exchange.offset) answered"])
            called += environment.replied(entry.exchange).filter { $0.hasPrefix("call") }
        }
        #expect(called == (0..<12).map { "call \($0)" })
    }

    @Test func onlyItsRecipientIsHeldUpByWhatWaits() throws {
        var environment = try ready()
        for number: Int64 in 0..<4 {
            let told = environment.begin(try environment.exchange(number))
            #expect(told == (number < 2 ? ["call \(number)"] : []))
        }
        #expect(environment.begin(try environment.exchange(4, to: "DE-BIL")) == ["call 4"])
        #expect(environment.state.figures == ExchangeFigures(waitingForPlace: 2, calls: 3))
    }

    @Test func moreThanMayWaitIsRefused() throws {
        var environment = try ready {
            $0.callsPerRecipient = 1
            $0.waitingPerRecipient = 1
        }
        let told = try (0..<3).map { try environment.begin(environment.exchange($0)) }
        #expect(told == [["call 0"], [], ["refuse 2 busy"]])
    }

    // MARK: Intents

    @Test func nothingIsBegunBeforeAnIntentIsAcknowledged() throws {
        var environment = try ExchangeStateFixture()
        #expect(environment.assign(committed: -1, isAcknowledged: false) == ["intent"])
        let entries = try (0..<2).map { try environment.exchange($0) }
        let commit = environment.commit(0)
        #expect(environment.receive(entries) == ["intent"])
        #expect(environment.state.figures.waitingForIntent == 2 && environment.state.begun == 0)
        #expect(environment.told(environment.state.committed([commit], now: environment.now)).prefix(2) == ["begin 0", "begin 1"])
        #expect(environment.state.figures.waitingForIntent == 0)
    }

    @Test func whoWaitedIsMeasured() throws {
        var environment = try ExchangeStateFixture { $0.callsPerRecipient = 1 }
        _ = environment.assign(committed: -1, isAcknowledged: false)
        let entries = try (0..<2).map { try environment.exchange($0) }
        _ = environment.receive(entries)
        environment.time = 20
        func waits(_ actions: ExchangeState.Actions) -> [String] {
            actions.compactMap { if case .waited(let time, let wait) = $0 { "\(wait) \(time.nanoseconds / 1_000_000)" } else { nil } }
        }
        let commit = environment.commit(0)
        #expect(waits(environment.state.committed([commit], now: environment.now)) == ["intent 20", "intent 20"])
        for entry in entries { _ = environment.admit(entry.exchange) }
        environment.time = 50
        _ = environment.answer(entries[0].exchange)
        #expect(waits(environment.state.replyAcknowledged(entries[0].exchange, now: environment.now, jitter: 0)) == ["place 50"])
    }

    @Test func readingPausesWhileMuchWaitsForAnIntent() throws {
        var environment = try ExchangeStateFixture()
        _ = environment.assign(committed: -1, isAcknowledged: false)
        #expect(environment.receive(try (0..<2000).map { try environment.exchange($0) }) == ["intent", "pause"])
        let told = environment.acknowledge()
        #expect(told.contains("resume") && told.count { $0.hasPrefix("begin") } == 2000)
    }

    // MARK: Partitions that come and go

    @Test func whatWaitsIsAbandonedWithItsPartitionAndWhatIsCalledEnds() throws {
        var environment = try ready { $0.callsPerRecipient = 1 }
        let entries = try (0..<3).map { try environment.exchange($0, .post) }
        _ = environment.receive(entries)
        for entry in entries { _ = environment.admit(entry.exchange) }
        let late = (3..<12).compactMap { try? environment.exchange($0, .post) }
        _ = environment.receive(late)
        let told = environment.told(environment.state.revoked([ExchangeStateFixture.partition], now: environment.now))
        let waiting = late.map(\.exchange.offset).filter { told.contains("abandon \($0)") }
        #expect(told.starts(with: ["abandon 1", "abandon 2"]) && told.last == "intent" && !waiting.isEmpty)
        #expect(environment.answer(entries[0].exchange) == ["reply 0 answered"])
        #expect(environment.replied(entries[0].exchange) == ["finish 0"], "the next owner need not ask what became of it")
        #expect(environment.replied(entries[1].exchange).isEmpty && environment.answer(entries[2].exchange).isEmpty)
        let text = try #require(environment.commit(0).metadata)
        let intent = try #require(StartIntent(text: text, committed: 0))
        #expect(intent.unbegun.contains(1) && intent.unbegun.contains(2) && !intent.unbegun.contains(0))
    }

    @Test func whatWasOnItsWayToItsEventLoopIsAbandonedIfItWouldWait() throws {
        var environment = try ready { $0.callsPerRecipient = 1 }
        let entries = try (0..<2).map { try environment.exchange($0) }
        _ = environment.receive(entries)
        _ = environment.admit(entries[0].exchange)
        _ = environment.state.revoked([ExchangeStateFixture.partition], now: environment.now)
        #expect(environment.admit(entries[1].exchange) == ["abandon 1"])
        #expect(environment.state.begun == 1)
    }

    @Test func whatAnEarlierOwnerMayHaveSentIsSentAgainOnlyIfThatIsHarmless() throws {
        var environment = try ExchangeStateFixture()
        _ = environment.assign("b2;4;1", committed: 0)
        let entries = [
            try environment.exchange(0, .post, key: "a"), try environment.exchange(1), try environment.exchange(2, .put, key: "b"),
            try environment.exchange(3, .put, key: "b"), try environment.exchange(4, .post, key: "a"),
        ]
        let told = environment.receive(entries) + environment.acknowledge()
        #expect(told.filter { $0.hasPrefix("begin") }.count == 5)
        let admitted = entries.map { environment.admit($0.exchange) }
        #expect(admitted[0] == ["refuse 0 inDoubt"] && admitted[1] == ["call 1"])
        #expect(admitted[2] == ["refuse 2 inDoubt"], "a newer write of the object is in sight")
        #expect(admitted[3] == ["call 3"])
        #expect(environment.replied(entries[0].exchange) == ["finish 0"])
    }

    @Test func whatComesAgainWhileItIsUnderWayGetsTheSameAnswer() throws {
        var environment = try ready()
        let first = try environment.exchange(0, .post, id: "x")
        #expect(environment.begin(first) == ["call 0"])
        _ = environment.state.revoked([ExchangeStateFixture.partition], now: environment.now)
        let left = environment.commit(0).metadata
        environment.epoch = 2
        _ = environment.assign(left, committed: 0)
        let again = try environment.exchange(0, .post, id: "x")
        #expect(environment.begin(again) == [], "it is in doubt and would not be sent, but it is known here what becomes of it")
        guard case .waitsForAnswer? = environment.state.stage(of: again.exchange) else {
            Issue.record("it waits for the first one's answer")
            return
        }
        #expect(environment.answer(first.exchange) == ["repeat 0 answered", "reply 0 answered"])
        #expect(environment.replied(first.exchange) == ["finish 0"] && environment.replied(again.exchange) == ["finish 0"])
        #expect(environment.state.figures == ExchangeFigures())
        // After its end as well.
        _ = environment.state.revoked([ExchangeStateFixture.partition], now: environment.now)
        let later = environment.commit(0).metadata
        environment.epoch = 3
        _ = environment.assign(later, committed: 0)
        #expect(environment.begin(try environment.exchange(0, .post, id: "x")) == ["repeat 0 answered"])
    }

    // MARK: Repeats

    @Test func aRepeatWaitsForTheFirstAndIsAnsweredFromMemoryLater() throws {
        var environment = try ready()
        let entries = try (0..<3).map { try environment.exchange($0, .post, id: "x") }
        #expect(environment.begin(entries[0]) == ["call 0"])
        #expect(environment.begin(entries[1]) == [])
        #expect(environment.answer(entries[0].exchange) == ["repeat 1 answered", "reply 0 answered"])
        #expect(environment.begin(entries[2]) == ["repeat 2 answered"])
        #expect(entries.map { environment.replied($0.exchange) } == [["finish 0"], ["finish 1"], ["finish 2"]])
        environment.time += 600_000
        #expect(environment.begin(try environment.exchange(3, .post, id: "x")) == ["call 3"], "the window is over")
    }

    @Test func whatWasNotDoneIsNotRemembered() throws {
        var environment = try ready()
        let entries = try (0..<3).map { try environment.exchange($0, .post, id: "x") }
        _ = environment.begin(entries[0])
        _ = environment.begin(entries[1])
        let told = environment.answer(entries[0].exchange, 503)
        #expect(told == ["repeat 1 answered", "reply 0 answered"])
        #expect(entries.prefix(2).map { environment.replied($0.exchange) } == [["finish 0"], ["finish 1"]])
        #expect(environment.begin(entries[2]) == ["call 2"])
    }

    @Test func ofRepeatsThatWaitForAPlaceEachAsksAnewWhatBecameOfTheFirst() throws {
        var environment = try ready { $0.callsPerRecipient = 1 }
        let entries = try (0..<3).map { try environment.exchange($0, .post, id: "x") }
        _ = environment.receive(entries)
        let admitted = entries.map { environment.admit($0.exchange) }
        #expect(admitted == [["call 0"], [], []])
        _ = environment.answer(entries[0].exchange, 503)
        #expect(environment.replied(entries[0].exchange) == ["call 1", "finish 0"], "nothing was done")
        _ = environment.answer(entries[1].exchange, 200)
        #expect(environment.replied(entries[1].exchange) == ["repeat 2 answered", "finish 1"])
    }

    @Test func whatFailsBeforeTheCallFailsForItsRepeatsToo() throws {
        var environment = try ready()
        let entries = try (0..<2).map { try environment.exchange($0, .post, id: "x") }
        for entry in entries { _ = environment.begin(entry) }
        let failure = ExchangeFailure(.refused, OCPIError(code: .invalidParameters, message: "response_url"))
        let told = environment.told(environment.state.failed(entries[0].exchange, failure, now: environment.now))
        #expect(told == ["repeat 1 refused", "reply 0 refused"])
    }

    // MARK: Breakers

    @Test func aBreakerThatOpensRefusesWhatWaitsAndWhatComes() throws {
        var environment = try ready()
        let entries = try (0..<6).map { try environment.exchange($0, $0 == 5 ? .post : .get, id: $0 == 5 ? "x" : nil) }
        for entry in entries.prefix(4) { _ = environment.begin(entry) }
        #expect(
            environment.fail(entries[0].exchange) == ["reply 0 timeout"] && environment.fail(entries[1].exchange) == ["reply 1 timeout"])
        #expect(environment.replied(entries[0].exchange) == ["call 2", "finish 0"])
        #expect(environment.replied(entries[1].exchange) == ["breaker opened", "refuse 3 breaker", "finish 1"])
        #expect(environment.state.figures == ExchangeFigures(calls: 1, unanswering: 1))
        #expect(environment.begin(entries[4]) == ["refuse 4 breaker"])
        #expect(environment.begin(entries[5]) == ["refuse 5 breaker"], "it would have to wait")
    }

    @Test func aPermitIsGivenBackExactlyOnce() throws {
        var environment = try ready()
        let failing = try (0..<2).map { try environment.exchange($0) }
        for entry in failing {
            _ = environment.begin(entry)
            _ = environment.fail(entry.exchange)
            _ = environment.replied(entry.exchange)
        }
        #expect(environment.state.figures == ExchangeFigures(unanswering: 1))
        environment.time = 6000
        // One probe at a time, whatever is told twice about an earlier one.
        let probe = try environment.exchange(2)
        #expect(environment.begin(probe) == ["call 2"])
        for _ in 0..<2 {
            let other = try environment.exchange(3)
            #expect(environment.begin(other) == ["refuse 3 breaker"])
            #expect(environment.replied(other.exchange) == ["finish 3"] && environment.replied(other.exchange).isEmpty)
        }
        // It was not called after all: its permit goes to the next one, once.
        let failure = ExchangeFailure(.refused, OCPIError(code: .invalidParameters, message: "response_url"))
        #expect(environment.told(environment.state.failed(probe.exchange, failure, now: environment.now)) == ["reply 2 refused"])
        #expect(environment.told(environment.state.failed(probe.exchange, failure, now: environment.now)).isEmpty)
        #expect(environment.replied(probe.exchange) == ["finish 2"] && environment.replied(probe.exchange).isEmpty)
        let next = try environment.exchange(4)
        #expect(environment.begin(next) == ["call 4"])
        #expect(environment.begin(try environment.exchange(5)) == ["refuse 5 breaker"])
        #expect(environment.answer(next.exchange) == ["reply 4 answered"] && environment.answer(next.exchange).isEmpty)
        #expect(environment.replied(next.exchange) == ["breaker closed", "finish 4"])
        #expect(environment.state.figures.unanswering == 0)
    }

    @Test func aRepeatThatWaitsForAnAnswerNeedsNoPermit() throws {
        var environment = try ready { $0.callsPerRecipient = 4 }
        let first = try environment.exchange(0, .post, id: "x")
        _ = environment.begin(first)
        for number: Int64 in 1...2 {
            let entry = try environment.exchange(number)
            _ = environment.begin(entry)
            _ = environment.fail(entry.exchange)
            _ = environment.replied(entry.exchange)
        }
        #expect(environment.begin(try environment.exchange(3)) == ["refuse 3 breaker"])
        let again = try environment.exchange(4, .post, id: "x")
        #expect(environment.begin(again) == [])
        #expect(environment.answer(first.exchange) == ["repeat 4 answered", "reply 0 answered"])
    }

    // MARK: Attempts

    @Test func whatWasNotSentIsTriedAgainWhileThereIsTime() throws {
        var environment = try ready()
        let entry = try environment.exchange(0)
        _ = environment.begin(entry)
        #expect(environment.fail(entry.exchange, .notSent) == ["again in 50"])
        #expect(environment.fail(entry.exchange, .busy) == ["again in 200"])
        #expect(environment.fail(entry.exchange, .notSent) == ["reply 0 unreachable"])
        for (number, kind) in [OutboundFailure.Kind.timeout, .broken, .forbidden, .tooLarge].enumerated() {
            let other = try environment.exchange(1, to: "DE-TO\(number)")
            _ = environment.begin(other)
            #expect(environment.fail(other.exchange, kind).first?.hasPrefix("reply 1") == true, "\(kind)")
            _ = environment.replied(other.exchange)
        }
        let short = try environment.exchange(2, to: "DE-BIL", lasts: 50)
        _ = environment.begin(short)
        #expect(environment.fail(short.exchange, .notSent) == ["reply 2 unreachable"], "its time would be over")
    }

    @Test func aReplyIsWrittenUntilKafkaHasItOrItsCallerIsGone() throws {
        var environment = try ready()
        let entry = try environment.exchange(0, lasts: 5000)
        _ = environment.begin(entry)
        _ = environment.answer(entry.exchange)
        func fail(isFinal: Bool = false) -> [String] {
            environment.told(environment.state.replyFailed(entry.exchange, isFinal: isFinal, now: environment.now, jitter: 0))
        }
        #expect((0..<8).map { _ in fail() }.joined().map { $0 } == [40, 80, 160, 320, 640, 1000, 1000, 1000].map { "again in \($0)" })
        environment.time = 4000
        #expect(fail() == ["finish 0"])
        #expect(fail().isEmpty && environment.replied(entry.exchange).isEmpty, "once")
        let hopeless = try environment.exchange(1)
        _ = environment.begin(hopeless)
        _ = environment.answer(hopeless.exchange)
        #expect(
            environment.told(environment.state.replyFailed(hopeless.exchange, isFinal: true, now: environment.now, jitter: 0)) == [
                "finish 1"
            ])
        #expect(environment.state.figures == ExchangeFigures() && environment.state.begun == 0)
    }

    // MARK: What is not called

    @Test func aRecordThatNobodyWaitsForIsFinishedAtOnce() throws {
        var environment = try ready()
        #expect(environment.receive([try environment.exchange(0, .put, hasReply: false)]) == ["finish 0"])
        #expect(environment.state.begun == 0)
    }

    @Test func whatCannotBeTrueOrHasNoRouteIsRefusedWithoutAPlace() throws {
        var environment = try ready()
        let untrue = try environment.exchange(0, fault: RecordError(header: "ce_time", reason: "in the future"))
        #expect(environment.begin(untrue) == ["refuse 0 implausible"])
        let entry = try environment.exchange(1)
        _ = environment.receive([entry])
        let failure = ExchangeFailure(.refused, .unknownReceiver(entry.exchange.recipient))
        #expect(environment.admit(entry.exchange, unroutable: failure) == ["refuse 1 unroutable"])
        #expect(environment.state.figures == ExchangeFigures())
    }
}
