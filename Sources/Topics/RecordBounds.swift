package import Encoding

/// The plausible times and versions of a record. A record beyond them was not written by a process of this node, and would make a worker
/// wait for a time or version that never comes.
///
/// A value: a reader sets the time once per batch and, if a record needs it, the end of `ocn.state`.
package struct RecordBounds: Sendable {
    private let now: Timestamp
    private let stateEnd: Int64?

    /// How far ahead the clock of a record's writer or of another node may be, in milliseconds. A process of this node stamps records by
    /// Kafka's clock, but only once it has measured its own clock's offset, and not every Kafka supports that; other nodes have clocks of
    /// their own.
    package static let clockTolerance: Int64 = 10 * 60_000
    /// The longest time that a caller may wait, in milliseconds.
    package static let longestWait: Int64 = 10 * 60_000

    /// - Parameters:
    ///   - now: the time by Kafka's clock, if it is known.
    ///   - stateEnd: the end of `ocn.state`, queried after the records were read; nil if it was not queried.
    package init(now: Timestamp, stateEnd: Int64? = nil) {
        self.now = now
        self.stateEnd = stateEnd
    }

    /// The latest plausible time of an event.
    package var latest: Timestamp { now.adding(milliseconds: Self.clockTolerance) }

    /// The implausible value of a request; nil if there is none.
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

    /// The implausible value of a copy; nil if there is none.
    package func fault(of copy: CopyRecord) -> RecordError? {
        fault(of: copy.request) ?? copy.replayedAt.flatMap { past(.replayed, $0) }
    }

    private func past(_ name: HeaderName, _ time: Timestamp) -> RecordError? {
        time > latest ? RecordError(header: name.rawValue, reason: "\(time) lies in the future") : nil
    }
}
