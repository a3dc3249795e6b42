package import Encoding
package import OCPI

/// The state of one worker's breaker for a recipient. No report exists while it is closed; a report that its worker does not renew is
/// outdated.
package struct BreakerReport: Sendable, Equatable {
    /// The recipient of the calls, in upper case.
    package var recipient: PartyID
    /// The reporting process.
    package var worker: String
    /// The state of the breaker.
    package var state: BreakerState
    /// When it opened.
    package var since: Timestamp
    /// When the worker last renewed the report.
    package var seen: Timestamp

    /// How often a worker renews its reports.
    package static let renewal = Duration.seconds(60)
    /// How long a report is valid without renewal.
    private static let lifetimeMilliseconds: Int64 = 180_000

    /// - Parameter seen: nil for `since`.
    package init(recipient: PartyID, worker: String, state: BreakerState, since: Timestamp, seen: Timestamp? = nil) {
        self.recipient = recipient.canonical
        self.worker = worker
        self.state = state
        self.since = since
        self.seen = seen ?? since
    }

    /// Whether the worker has not renewed it for three minutes, so that it must have died.
    package func isOutdated(now: Timestamp) -> Bool { seen.adding(milliseconds: Self.lifetimeMilliseconds) < now }
}

// MARK: - In ocn.state

extension FactKey {
    /// The key of a worker's breaker for a recipient.
    package static func breaker(_ recipient: PartyID, worker: String) -> String { "\(BreakerReport.kind)/\(recipient.canonical)/\(worker)" }
}

extension Fact {
    /// A report that a worker makes no calls, or only a few, to a recipient. Deleted when its breaker closes.
    package static func breaker(_ report: BreakerReport) -> Fact { Fact(report) }
}

extension BreakerReport: StateFact {
    static let kind = "breaker"
    var key: String { FactKey.breaker(recipient, worker: worker) }

    var json: JSONValue {
        [
            "recipient": .string(recipient.description), "worker": .string(worker), "state": .string(state.rawValue),
            "since": .string(since.description), "seen": .string(seen.description),
        ]
    }

    init?(json: JSONValue) {
        guard let recipient = json.party("recipient"), let worker = json["worker"]?.string,
            let state = json["state"]?.string.flatMap(BreakerState.init(rawValue:)), let since = json.time("since")
        else { return nil }
        self.init(recipient: recipient, worker: worker, state: state, since: since, seen: json.time("seen"))
    }

    func add(to state: inout DirectoryState) { state.operations.add(self) }
    func remove(from state: inout DirectoryState) { state.operations.remove(self) }

    func bounded(by latest: Timestamp, written: Timestamp) -> Self? {
        guard seen > latest || since > latest else { return nil }
        return BreakerReport(recipient: recipient, worker: worker, state: state, since: min(since, latest), seen: min(seen, latest))
    }
}
