import Kafka
import OCPI

/// Which records of a partition its earlier owners may have begun: their outcome is in doubt.
///
/// Every owner promises with its commits how far it goes at most (``StartIntent``). What stands at or beyond that was never begun, and neither
/// was what came into the log after the partition had changed hands.
struct RedeliveryGuard: Sendable {
    /// When this worker got the partition, milliseconds since 1970.
    private let since: Int64
    /// Nobody before us has begun a record at or beyond it.
    private(set) var limit: Int64
    /// Nor these below it.
    private let unbegun: FinishedAhead

    /// - Parameters:
    ///   - committed: what the group has committed; offset -1 for nothing, and then nobody was here before, because a record is begun only
    ///     after a commit. Nil if Kafka could not be asked.
    ///   - since: when this worker got the partition, milliseconds since 1970.
    init(_ committed: CommitOffset?, since: Int64) {
        self.since = since
        let base = committed?.offset ?? 0
        let intent = StartIntent(text: committed?.metadata, committed: base)
        limit = base < 0 ? 0 : intent?.limit ?? .max
        unbegun = intent?.unbegun ?? FinishedAhead(base: base, runs: [])
    }

    /// Whether an earlier owner may have begun this record. To be asked in the order of the records.
    mutating func isInDoubt(_ record: IncomingRecord) -> Bool {
        guard record.offset < limit, !unbegun.contains(record.offset) else { return false }
        guard record.timestamp >= since else { return true }
        // Of an owner that promised nothing only this tells where it must have ended.
        if limit == .max { limit = record.offset }
        return false
    }

    /// What earlier owners left unbegun at or beyond an offset.
    func unbegun(from offset: Int64) -> [ClosedRange<Int64>] {
        unbegun.runs.filter { $0.upperBound >= offset }.map { max($0.lowerBound, offset)...$0.upperBound }
    }

    /// For each request of a batch whether it may be sent. What is in doubt may if it reads, or if it is a PUT or DELETE and no newer write
    /// of the same object is in sight; everything else might happen twice.
    static func maySend(_ batch: [(key: String?, method: Method, isInDoubt: Bool)]) -> [Bool] {
        var written: Set<String> = []
        var answer = [Bool](repeating: true, count: batch.count)
        for (index, (key, method, isInDoubt)) in batch.enumerated().reversed() where !method.isRead {
            if isInDoubt { answer[index] = method.isIdempotent && key.map { !written.contains($0) } ?? false }
            if let key { written.insert(key) }
        }
        return answer
    }
}
