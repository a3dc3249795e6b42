import Kafka
import OCPI

/// Decides which records of a partition earlier owners may have started: the outcome of these is in doubt.
///
/// Every owner commits an upper bound of what it starts (``StartIntent``). Records at or above that bound were never started, and neither
/// were records written after the partition changed owners.
struct RedeliveryGuard: Sendable {
    /// When this worker got the partition, milliseconds since 1970.
    private let since: Int64
    /// No earlier owner has started a record at or above this offset.
    private(set) var limit: Int64
    /// Offsets below `limit` that no earlier owner has started either.
    private let unbegun: FinishedAhead

    /// - Parameters:
    ///   - committed: the group's committed offset; offset -1 for none, which means that no owner has started anything, because a record
    ///     starts only after a commit. Nil if Kafka could not be queried.
    ///   - since: when this worker got the partition, milliseconds since 1970.
    init(_ committed: CommitOffset?, since: Int64) {
        self.since = since
        let base = committed?.offset ?? 0
        let intent = StartIntent(text: committed?.metadata, committed: base)
        limit = base < 0 ? 0 : intent?.limit ?? .max
        unbegun = intent?.unbegun ?? FinishedAhead(base: base, runs: [])
    }

    /// Whether an earlier owner may have started this record. Call it in the order of the records.
    mutating func isInDoubt(_ record: IncomingRecord) -> Bool {
        guard record.offset < limit, !unbegun.contains(record.offset) else { return false }
        guard record.timestamp >= since else { return true }
        // If the owner committed no intent, only this shows where it must have ended.
        if limit == .max { limit = record.offset }
        return false
    }

    /// The offsets from `offset` on that earlier owners left unstarted.
    func unbegun(from offset: Int64) -> [ClosedRange<Int64>] {
        unbegun.runs.filter { $0.upperBound >= offset }.map { max($0.lowerBound, offset)...$0.upperBound }
    }

    /// For each request of a batch, whether it may be sent. A request in doubt may be sent if it only reads, or if it is a PUT or DELETE
    /// and the batch contains no newer write of the same object; any other could be carried out twice.
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
