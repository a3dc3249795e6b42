import Encoding
import Kafka
import Metrics
import NIOCore
import OCPI
import Support
import Synchronization
import Telemetry
import TestParties
import Testing
import Topics

@testable import Delivery

/// Who is left alone, on a clock of the test.
@Suite struct InFlightBreakerTests {
    private func inFlight(idleLimit: Int = 10_000) -> InFlight<TestRequest> {
        var limits = InFlight<TestRequest>.Limits(
            perRecipient: ExchangeLoad(requests: 4, bytes: 1000), inTotal: ExchangeLoad(requests: 10_000, bytes: 1_000_000))
        limits.breaker.minimumCalls = 2
        limits.breaker.probes = 1
        limits.idleLimit = idleLimit
        return InFlight(limits)
    }

    private func turn(_ actions: [InFlight<TestRequest>.Action]) -> InFlight<TestRequest>.Turn? {
        actions.compactMap { if case .breaker(_, let turn) = $0 { turn } else { nil } }.first
    }

    private func enter(_ inFlight: inout InFlight<TestRequest>, _ party: PartyID, _ now: NIODeadline) -> Bool {
        inFlight.enter(TestRequest(recipient: party, offset: 0, bytes: 1), now: now).entry == .entered
    }

    private func leave(
        _ inFlight: inout InFlight<TestRequest>, _ party: PartyID, _ permit: Breaker.Permit?, _ outcome: Breaker.Outcome, _ now: NIODeadline
    ) -> InFlight<TestRequest>.Turn? {
        turn(inFlight.leave(TestRequest(recipient: party, offset: 0, bytes: 1), permit, outcome, now: now, jitter: 0))
    }

    private func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(1) + .seconds(seconds) }

    private func party(_ number: Int) throws -> PartyID { try #require(PartyID("DE-\(100 + number)")) }

    /// A request from its place to its end; whether it was permitted to call, and what the breaker did.
    private func call(
        _ inFlight: inout InFlight<TestRequest>, _ party: PartyID, _ outcome: Breaker.Outcome, _ now: NIODeadline
    ) -> (mayCall: Bool, turn: InFlight<TestRequest>.Turn?) {
        guard enter(&inFlight, party, now) else { return (false, nil) }
        let permit = inFlight.permit(party, of: "", now: now)
        return (permit != nil, leave(&inFlight, party, permit, outcome, now))
    }

    @Test func whoDoesNotAnswerIsLeftAloneUntilAProbeIsAnswered() throws {
        var inFlight = inFlight()
        let (one, two) = (try party(1), try party(2))
        let first = call(&inFlight, one, .failed, at(0))
        let second = call(&inFlight, one, .failed, at(0))
        #expect(first == (true, nil) && second == (true, .opened))
        #expect(inFlight.unanswering == 1)
        let held = call(&inFlight, one, .unused, at(1))
        let other = call(&inFlight, two, .succeeded, at(1))
        #expect(held == (false, nil) && other == (true, nil))
        let probe = call(&inFlight, one, .succeeded, at(6))
        #expect(probe == (true, .closed))
        #expect(inFlight.unanswering == 0 && inFlight.total == ExchangeLoad())
    }

    @Test func aProbeThatFailsIsNoNews() throws {
        var inFlight = inFlight()
        let one = try party(1)
        for _ in 0..<2 { _ = call(&inFlight, one, .failed, at(0)) }
        let probe = call(&inFlight, one, .failed, at(6))
        #expect(probe == (true, nil))
        let held = call(&inFlight, one, .unused, at(7))
        #expect(held == (false, nil) && inFlight.unanswering == 1)
    }

    @Test func whatWasNotCalledSaysNothing() throws {
        var inFlight = inFlight()
        let one = try party(1)
        for _ in 0..<10 {
            let ended = call(&inFlight, one, .unused, at(0))
            #expect(ended == (true, nil))
        }
    }

    @Test func whatOnlyWaitsHasAPlaceAndTakesNoProbe() throws {
        var inFlight = inFlight()
        let one = try party(1)
        for _ in 0..<2 { _ = call(&inFlight, one, .failed, at(0)) }
        // One waits, one is the probe; the waiting one leaves first.
        let places = [enter(&inFlight, one, at(6)), enter(&inFlight, one, at(6))]
        let probe = inFlight.permit(one, of: "", now: at(6))
        #expect(places == [true, true] && probe != nil)
        let waited = leave(&inFlight, one, nil, .unused, at(6))
        #expect(waited == nil && inFlight.unanswering == 1)
        let answered = leave(&inFlight, one, probe, .succeeded, at(6))
        #expect(answered == .closed && inFlight.total == ExchangeLoad())
    }

    @Test func recipientsThatNobodyCallsAreForgotten() throws {
        var inFlight = inFlight()
        let (waiting, silent) = (try party(0), try party(1))
        let entered = enter(&inFlight, waiting, at(0))
        #expect(entered)
        for _ in 0..<2 { _ = call(&inFlight, silent, .failed, at(0)) }
        for number in 2..<500 { _ = call(&inFlight, try party(number), .succeeded, at(0)) }
        #expect(inFlight.recipients == 500)
        // Past the window nothing is known of those that were well; past the silence of any.
        for number in 500..<600 { _ = call(&inFlight, try party(number), .succeeded, at(40)) }
        #expect(inFlight.recipients <= 102 && inFlight.unanswering == 1)
        for number in 600..<800 { _ = call(&inFlight, try party(number), .succeeded, at(700)) }
        #expect(inFlight.recipients <= 201 && inFlight.unanswering == 0)
        let left = leave(&inFlight, waiting, nil, .unused, at(700))
        #expect(left == nil && inFlight.total == ExchangeLoad())
    }

    @Test(arguments: [Breaker.Outcome.succeeded, .failed])
    func theirNumberIsBoundedHoweverManyAreCalledAtOnce(_ outcome: Breaker.Outcome) throws {
        var inFlight = inFlight(idleLimit: 100)
        for number in 0..<800 {
            let party = try party(number)
            for _ in 0..<2 { _ = call(&inFlight, party, outcome, at(0)) }
            #expect(inFlight.recipients <= 100)
            #expect(inFlight.unanswering == (outcome == .failed ? inFlight.recipients : 0))
        }
    }
}

/// EXCHANGE on a Kafka, with a recipient that is as bad as a test needs it.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ExchangeBreakerTests {
    private func exchange(
        _ environment: DeliveryEnvironment, _ metrics: PrometheusMetrics, pause: Duration = .seconds(3600)
    ) throws -> ExchangeService {
        try withMetricsFactory(metrics) {
            try environment.exchange { settings in
                settings.margin = .milliseconds(100)
                settings.breaker = BreakerSettings(minimumCalls: 3, probes: 1, pauseBase: pause, pauseCap: pause)
            }
        }
    }

    /// What a series stands at.
    private func figure(_ series: String, _ metrics: PrometheusMetrics) -> Int? {
        String(buffer: metrics.render()).split(separator: "\n").first { $0.hasPrefix(series + " ") }
            .flatMap { Int($0.dropFirst(series.utf8.count + 1)) }
    }

    private static let held = "DE-CPO is not answering; calls are held back until it does"

    @Test("Scenario 24: a recipient that hangs costs its own callers some time-outs, then they are answered at once; others notice nothing")
    func hanging() async throws {
        let environment = try await DeliveryEnvironment(cpo: { _ in .silence })
        let metrics = PrometheusMetrics(includesProcess: false)
        try await environment.run(exchange: try exchange(environment, metrics)) {
            try await eventually("calls are held back") {
                var record = try request(.locations, .sender, .get)
                record.deadline = Timestamp.now.adding(milliseconds: 400)
                let answer = try await environment.ask(record)
                #expect(answer.outcome != .answered)
                return answer.message == Self.held
            }
            let seen = environment.cpo.recorded.count
            let refused = try #require(figure(#"ocn_exchange_refusals_total{reason="breaker"}"#, metrics))
            for _ in 0..<5 {
                let answer = try await environment.ask(try request(.locations, .sender, .get))
                #expect(answer.outcome == .refused && answer.status == .connectionProblem && answer.message == Self.held)
            }
            #expect(environment.cpo.recorded.count == seen, "nobody called it")
            #expect(figure(#"ocn_exchange_refusals_total{reason="breaker"}"#, metrics) == refused + 5)
            #expect(figure("ocn_exchange_open_breakers", metrics) == 1)
            #expect(figure("ocn_exchange_breaker_openings_total", metrics) == 1)
            var other = try request(.cdrs, .receiver, .post, body: "{}")
            other.to = try #require(PartyID("DE-BIL"))
            #expect(try await environment.ask(other).outcome == .answered)
        }
    }

    @Test("Scenario 24: a recipient that answers again is called again")
    func recovering() async throws {
        let isWell = Atomic<Bool>(false)
        let environment = try await DeliveryEnvironment(cpo: { _ in isWell.load(ordering: .relaxed) ? .success : .hangUp })
        let metrics = PrometheusMetrics(includesProcess: false)
        try await environment.run(exchange: try exchange(environment, metrics, pause: .milliseconds(500))) {
            try await eventually("it is left alone") {
                try await environment.ask(try request(.locations, .sender, .get)).message == Self.held
            }
            isWell.store(true, ordering: .relaxed)
            try await eventually("it is called again, and what came of that is known") {
                _ = try await environment.ask(try request(.locations, .sender, .get))
                return figure("ocn_exchange_open_breakers", metrics) == 0
            }
            for _ in 0..<5 { #expect(try await environment.ask(try request(.locations, .sender, .get)).outcome == .answered) }
        }
    }

    @Test func anyAnswerSpeaksForARecipientSoThatOneBadModuleDoesNotCutOffTheOthers() async throws {
        let environment = try await DeliveryEnvironment(cpo: {
            $0.target.hasPrefix("/sender/locations") ? .answer(500, [], "out of order") : .success
        })
        try await environment.run(exchange: try exchange(environment, PrometheusMetrics(includesProcess: false))) {
            for _ in 0..<10 {
                let answer = try await environment.ask(try request(.locations, .sender, .get))
                #expect(answer.outcome == .answered && answer.httpStatus == 500)
            }
            let other = try await environment.ask(try request(.tokens, .receiver, .put, path: "DE/MSP/1", body: "{}"))
            #expect(other.outcome == .answered && other.httpStatus == 200)
        }
    }

    @Test func aRepeatOfWhatIsUnderWayIsNotRefusedWhenCallsAreHeldBack() async throws {
        let environment = try await DeliveryEnvironment(cpo: { $0.method == .post ? .silence : .hangUp })
        try await environment.run(exchange: try exchange(environment, PrometheusMetrics(includesProcess: false))) {
            var cdr = try request(.cdrs, .receiver, .post, body: #"{"id":"7"}"#)
            cdr.deadline = Timestamp.now.adding(milliseconds: 4000)
            let first = cdr
            async let hanging = environment.ask(first)
            try await eventually("it is under way") { environment.cpo.recorded.contains { $0.method == .post } }
            try await eventually("calls are held back") {
                try await environment.ask(try request(.locations, .sender, .get)).message == Self.held
            }
            cdr.id = UUIDText.v7()
            cdr.deadline = Timestamp.now.adding(milliseconds: 10_000)
            let (one, two) = (try await hanging, try await environment.ask(cdr))
            #expect(one.outcome == .timeout && two.outcome == .timeout, "the repeat is told what the first was told")
            cdr.id = UUIDText.v7()
            cdr.requestID = "request-2"
            cdr.deadline = Timestamp.now.adding(milliseconds: 10_000)
            #expect(try await environment.ask(cdr).message == Self.held)
            #expect(environment.cpo.recorded.count { $0.method == .post } == 1)
        }
    }
}
