package import Encoding

/// Which times and versions a record can have: what lies beyond them was written by no process of this node, and would otherwise wait for a
/// moment that never comes.
///
/// A value: whoever reads records asks once for a batch what time it is and, if a record claims much, where `ocn.state` ends.
package struct RecordBounds: Sendable {
    private let now: Timestamp
    private let stateEnd: Int64?

    /// How far ahead the clock of whoever wrote a record, or told this node something, may be, milliseconds. A process of this node stamps
    /// records by Kafka's clock, but only once it has measured how far its own is off, and not every Kafka lets it; other nodes have clocks
    /// of their own.
    package static let clockTolerance: Int64 = 10 * 60_000
    /// How long a caller may wait at most, milliseconds.
    package static let longestWait: Int64 = 10 * 60_000

    /// - Parameters:
    ///   - now: by Kafka's clock, as far as it is known.
    ///   - stateEnd: the end of `ocn.state`, asked after the records were read; nil if it was not asked.
    package init(now: Timestamp, stateEnd: Int64? = nil) {
        self.now = now
        self.stateEnd = stateEnd
    }

    /// The latest time at which something can have happened.
    package var latest: Timestamp { now.adding(milliseconds: Self.clockTolerance) }

    /// What cannot be true of a request; nil if nothing is wrong.
    package func fault(of request: RequestRecord) -> RecordError? {
        if let fault = past(.time, request.time) { return fault }
        if let deadline = request.deadline, deadline > latest.adding(milliseconds: Self.longestWait) {
            return RecordError(header: HeaderName.deadline.rawValue, reason: "no caller waits until \(deadline.milliseconds)")
        }
        guard request.stateVersion >= 0 else {
            return RecordError(header: HeaderName.stateVersion.rawValue, reason: "\(request.stateVersion) is below 0")
        }
        guard let stateEnd, request.stateVersion > stateEnd else { return nil }
        return RecordError(
            header: HeaderName.stateVersion.rawValue, reason: "\(request.stateVersion) lies beyond the end of the state, \(stateEnd)")
    }

    /// What cannot be true of a copy; nil if nothing is wrong.
    package func fault(of copy: CopyRecord) -> RecordError? {
        fault(of: copy.request) ?? copy.replayedAt.flatMap { past(.replayed, $0) }
    }

    private func past(_ name: HeaderName, _ time: Timestamp) -> RecordError? {
        time > latest ? RecordError(header: name.rawValue, reason: "\(time) lies in the future") : nil
    }
}
