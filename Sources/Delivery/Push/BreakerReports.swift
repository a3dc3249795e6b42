package import Directory
package import Encoding
import Kafka
import Logging
import NIOCore
import OCPI

/// Says in `ocn.state` which parties this worker's PUSH does not call, or only to see whether they are back, so that operators see it.
///
/// What stands there is compared about once a second with what should: a write that failed is made then, and a breaker that opens and
/// closes in between leaves no trace. Other nodes are not reported: they have no outbox.
package struct BreakerReports: Sendable {
    /// This process's name in the reports. Two must not have the same.
    let worker: String
    /// The newest snapshot.
    let directory: @Sendable () -> Directory
    /// Makes the changes.
    let write: @Sendable ([FactChange]) async throws(StateError) -> Void
    /// The time of day.
    let now: @Sendable () -> Timestamp
    /// Returns after about a second, or when cancelled.
    let pause: @Sendable () async -> Void

    /// Changes that are made at a time.
    private static let batch = 200

    /// - Parameters: as the properties say.
    package init(
        worker: String, directory: @escaping @Sendable () -> Directory,
        write: @escaping @Sendable ([FactChange]) async throws(StateError) -> Void,
        now: @escaping @Sendable () -> Timestamp, pause: @escaping @Sendable () async -> Void
    ) {
        self.worker = worker
        self.directory = directory
        self.write = write
        self.now = now
        self.pause = pause
    }

    /// In the state in Kafka.
    package init(worker: String, store: StateStore, writer: StateWriter) {
        self.init(
            worker: worker, directory: { store.directory },
            write: { changes throws(StateError) in try await writer.write(changes) }, now: { .now },
            pause: { try? await Task.sleep(for: .seconds(1)) })
    }

    /// Until cancelled: sees to it that `ocn.state` says what is so. What this worker left there in an earlier life goes with it.
    /// - Parameter standings: the breakers that are not closed.
    func run(logger: Logger, standings: @Sendable () -> [Recipient: BreakerReading]) async {
        var times: [PartyID: (closed: NIODeadline, since: Timestamp)] = [:]
        let failures = ThrottledLog(logger)
        while !Task.isCancelled {
            let now = now()
            var open: [PartyID: BreakerReport] = [:]
            var known: [PartyID: (closed: NIODeadline, since: Timestamp)] = [:]
            for case (.party(let party), let standing) in standings() {
                let time = times[party].flatMap { $0.closed == standing.since ? $0 : nil } ?? (closed: standing.since, since: now)
                known[party] = time
                open[party] = BreakerReport(recipient: party, worker: worker, state: standing.state, since: time.since, seen: now)
            }
            times = known
            let changes = changes(to: open, now: now)
            if !changes.isEmpty {
                do { try await write(Array(changes.prefix(Self.batch))) } catch {
                    failures.log(.warning, "breakers", "breakers are not reported, trying again: \(error)")
                }
            }
            await pause()
        }
    }

    /// This worker ends: it has no breakers any more.
    func withdraw(logger: Logger) async {
        let own = directory().breakers.filter { $0.worker == worker }.map { FactChange.delete(key: Fact.breaker($0).key) }
        guard !own.isEmpty else { return }
        do { try await write(own) } catch {
            logger.info("reports of breakers are left to become outdated", metadata: ["error": "\(error)"])
        }
    }

    /// What is wrong in `ocn.state`, if `open` holds for this worker.
    private func changes(to open: [PartyID: BreakerReport], now: Timestamp) -> [FactChange] {
        var missing = open
        var changes: [FactChange] = []
        for written in directory().breakers {
            if written.worker == worker {
                guard let report = missing.removeValue(forKey: written.recipient) else {
                    changes.append(.delete(key: Fact.breaker(written).key))
                    continue
                }
                let renewal = written.seen.adding(milliseconds: BreakerReport.renewal.milliseconds)
                if report.state != written.state || report.since != written.since || renewal <= now {
                    changes.append(.put(.breaker(report)))
                }
            } else if written.isOutdated(now: now) {
                // Its worker has died.
                changes.append(.delete(key: Fact.breaker(written).key))
            }
        }
        return changes + missing.values.map { .put(.breaker($0)) }
    }
}
