import Encoding
import Logging
import NIOCore
import OCPI
import Support
import Synchronization
import Testing

@testable import Delivery
@testable import Directory

/// The reports and their times, without Kafka and real time.
@Suite struct BreakerReportsTests {
    /// `ocn.state`, a clock, and the breakers of one worker. Every check of the worker runs one step.
    private final class ReportingWorker: Sendable {
        struct State {
            var directory = Directory(secrets: Fixture.secrets)
            var now = Timestamp(milliseconds: 1_700_000_000_000)
            var standings: [Recipient: BreakerReading] = [:]
            var written: [[FactChange]] = []
            var failures = 0
            var steps: [@Sendable (inout State) -> Void] = []
        }

        let state = Mutex(State())

        func reports(_ worker: String) -> BreakerReports {
            BreakerReports(
                worker: worker, directory: { self.state.withLock { $0.directory } },
                write: { changes throws(StateError) in
                    let isTaken = self.state.withLock { state in
                        guard state.failures == 0 else {
                            state.failures -= 1
                            return false
                        }
                        state.written.append(changes)
                        for change in changes {
                            switch change {
                            case .put(let fact): state.directory.apply(key: fact.key, fact)
                            case .delete(let key): state.directory.apply(key: key, nil)
                            }
                        }
                        return true
                    }
                    if !isTaken { throw StateError(description: "no") }
                }, now: { self.state.withLock { $0.now } },
                pause: {
                    self.state.withLock { state in
                        if !state.steps.isEmpty { state.steps.removeFirst()(&state) }
                    }
                    await Task.yield()
                })
        }

        /// Runs until all steps are done, and one more check.
        func run(_ steps: [@Sendable (inout State) -> Void]) async {
            state.withLock { $0.steps = steps + [{ _ in }] }
            let reports = reports("w")
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await reports.run(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) {
                        self.state.withLock { $0.standings }
                    }
                }
                while !state.withLock({ $0.steps.isEmpty }) { await Task.yield() }
                group.cancelAll()
            }
        }

        func breakers(of party: PartyID) -> [BreakerReport] { state.withLock { $0.directory.breakers(of: party) } }
    }

    private let billing: PartyID
    private let began = NIODeadline.uptimeNanoseconds(5)

    init() throws { billing = try #require(PartyID("DE-BIL")) }

    private func put(_ worker: String, seen: Timestamp) -> Fact {
        .breaker(BreakerReport(recipient: billing, worker: worker, state: .open, since: seen))
    }

    @Test func everyChangeIsToldOnceAndTheEndDeletesTheReport() async {
        let worker = ReportingWorker()
        let (recipient, began) = (Recipient.party(billing), began)
        let start = worker.state.withLock { $0.now }
        await worker.run([
            { $0.standings[recipient] = BreakerReading(state: .open, since: began) },
            { $0.now = $0.now.adding(milliseconds: 5000) },
            { $0.standings[recipient] = BreakerReading(state: .halfOpen, since: began) },
            { $0.standings = [:] },
        ])
        let written = worker.state.withLock { $0.written }
        let later = start.adding(milliseconds: 5000)
        #expect(
            written == [
                [.put(.breaker(BreakerReport(recipient: billing, worker: "w", state: .open, since: start)))],
                [.put(.breaker(BreakerReport(recipient: billing, worker: "w", state: .halfOpen, since: start, seen: later)))],
                [.delete(key: FactKey.breaker(billing, worker: "w"))],
            ])
    }

    @Test func aReportIsRenewedEveryMinuteWhileItHolds() async {
        let worker = ReportingWorker()
        let start = worker.state.withLock { $0.now }
        worker.state.withLock { $0.standings[.party(billing)] = BreakerReading(state: .open, since: began) }
        await worker.run(Array(repeating: { $0.now = $0.now.adding(milliseconds: 20_000) }, count: 7))
        #expect(worker.state.withLock { $0.written.count } == 3, "after 0, 60 and 120 s")
        #expect(worker.breakers(of: billing).first?.since == start)
        #expect(worker.breakers(of: billing).first?.seen == start.adding(milliseconds: 120_000))
    }

    @Test func aWriteThatFailsIsMadeLaterAsThingsStandThen() async {
        let worker = ReportingWorker()
        let (recipient, began) = (Recipient.party(billing), began)
        worker.state.withLock { state in
            state.failures = 2
            state.standings[recipient] = BreakerReading(state: .open, since: began)
        }
        await worker.run([{ _ in }, { $0.standings[recipient]?.state = .halfOpen }, { _ in }])
        #expect(worker.state.withLock { $0.written.count } == 1)
        #expect(worker.breakers(of: billing).map(\.state) == [.halfOpen])
    }

    @Test func whatAWorkerLeftBehindIsDeletedAndWhatTheDeadLeftToo() async {
        let worker = ReportingWorker()
        worker.state.withLock { state in
            for fact in [
                put("w", seen: state.now), put("alive", seen: state.now.adding(milliseconds: -180_000)),
                put("dead", seen: state.now.adding(milliseconds: -180_001)),
            ] {
                state.directory.apply(key: fact.key, fact)
            }
        }
        await worker.run([])
        #expect(worker.breakers(of: billing).map(\.worker) == ["alive"])
    }

    @Test func nodesAreNotReported() async {
        let worker = ReportingWorker()
        worker.state.withLock { $0.standings[.node("0xother")] = BreakerReading(state: .open, since: began) }
        await worker.run([])
        #expect(worker.state.withLock { $0.written }.isEmpty)
    }

    @Test func manyAreWrittenInBatches() async throws {
        let worker = ReportingWorker()
        let parties = try (100..<999).map { try #require(PartyID("DE-\($0)")) }
        worker.state.withLock { state in
            for party in parties { state.standings[.party(party)] = BreakerReading(state: .open, since: began) }
        }
        await worker.run(Array(repeating: { _ in }, count: 6))
        let written = worker.state.withLock { $0.written }
        #expect(written.map(\.count) == [200, 200, 200, 200, 99])
    }

    @Test func aWorkerThatEndsTakesItsReportsAlong() async {
        let worker = ReportingWorker()
        worker.state.withLock { state in
            for fact in [put("w", seen: state.now), put("other", seen: state.now)] { state.directory.apply(key: fact.key, fact) }
        }
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        await worker.reports("w").withdraw(logger: logger)
        #expect(worker.breakers(of: billing).map(\.worker) == ["other"])
        await worker.reports("w").withdraw(logger: logger)
        #expect(worker.state.withLock { $0.written.count } == 1)
    }
}
