package import Directory
package import Encoding
import Kafka
import Logging
import NIOCore
import OCPI

/// Reports to `ocn.state` the parties whose breaker in this worker is not closed, so that operators see them.
///
/// About once a second the reports are compared with the breakers. A failed write is therefore repeated, and a breaker that opens and
/// closes in between is not reported. Nodes are not reported: they have no outbox.
package struct BreakerReports: Sendable {
    /// The name of this process in the reports, unique among the processes.
    let worker: String
    /// The newest snapshot.
    let directory: @Sendable () -> Directory
    /// Writes the changes to `ocn.state`.
    let write: @Sendable ([FactChange]) async throws(StateError) -> Void
    /// The current time.
    let now: @Sendable () -> Timestamp
    /// Returns after about a second, or when cancelled.
    let pause: @Sendable () async -> Void

    /// Maximum number of changes per write.
    private static let batch = 200

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

    /// Reports to the state in Kafka.
    package init(worker: String, store: StateStore, writer: StateWriter) {
        self.init(
            worker: worker, directory: { store.directory },
            write: { changes throws(StateError) in try await writer.write(changes) }, now: { .now },
            pause: { try? await Task.sleep(for: .seconds(1)) })
    }

    /// Keeps the reports up to date until cancelled. Reports that an earlier run of this worker left are removed.
    /// - Parameter standings: returns the breakers that are not closed.
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

    /// Removes this worker's reports when it ends.
    func withdraw(logger: Logger) async {
        let own = directory().breakers.filter { $0.worker == worker }.map { FactChange.delete(key: Fact.breaker($0).key) }
        guard !own.isEmpty else { return }
        do { try await write(own) } catch {
            logger.info("reports of breakers are left to become outdated", metadata: ["error": "\(error)"])
        }
    }

    /// The changes that make the reports of this worker equal to `open`.
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
                // The worker that wrote it has ended without removing it.
                changes.append(.delete(key: Fact.breaker(written).key))
            }
        }
        return changes + missing.values.map { .put(.breaker($0)) }
    }
}
