import Kafka
import NIOCore

/// Records that MATCHER has read and not matched yet, in order of arrival, bounded by bytes. A value; the caller locks.
///
/// Above a limit reading of all partitions pauses, and it resumes at half of the limit: at most the limit and one batch are held. Records
/// that wait for newer state stay in the queue until it is read, so that a revoked partition's records are abandoned at once.
struct MatcherQueue {
    /// Limits in bytes: the values of the records, and an allowance for the rest of each.
    struct Limits {
        /// Reading pauses at this size.
        var pause = 32 * 1024 * 1024
        /// Reading resumes at this size or less.
        var resume = 16 * 1024 * 1024
        /// The most bytes that are matched at a time; always at least one record.
        var match = 8 * 1024 * 1024
    }

    private let limits: Limits
    private var waiting: [IncomingRecord] = []
    /// How many records at the front are matched next.
    private var marked = 0
    private var partitions: Set<TopicPartition> = []
    /// Whether a thread is matching.
    private var isMatching = false
    /// Whether reading is paused.
    private(set) var isPaused = false
    /// The bytes of the waiting records and of those being matched.
    private(set) var bytes = 0

    init(_ limits: Limits = Limits()) {
        self.limits = limits
    }

    /// The number of waiting records.
    var count: Int { waiting.count }

    // MARK: The consumer's thread

    /// - Returns: the partitions whose reading must pause, because a new assignment resets earlier pauses.
    mutating func assign(_ new: [TopicPartition]) -> [TopicPartition] {
        partitions.formUnion(new)
        return isPaused ? new : []
    }

    /// - Returns: the abandoned records, and the partitions whose reading resumes.
    mutating func revoke(_ gone: [TopicPartition]) -> (abandoned: [IncomingRecord], resumed: [TopicPartition]) {
        partitions.subtract(gone)
        let gone = Set(gone)
        let abandoned = waiting.filter { gone.contains($0.topicPartition) }
        marked = waiting.prefix(marked).count { !gone.contains($0.topicPartition) }
        waiting.removeAll { gone.contains($0.topicPartition) }
        return (abandoned, release(abandoned))
    }

    /// - Returns: whether the caller must start matching, and the partitions whose reading must pause.
    mutating func add(_ batch: [IncomingRecord]) -> (mustStart: Bool, paused: [TopicPartition]) {
        waiting += batch
        bytes += Self.bytes(of: batch)
        let mustStart = !isMatching
        isMatching = true
        guard !isPaused, bytes >= limits.pause else { return (mustStart, []) }
        isPaused = true
        return (mustStart, partitions.sorted())
    }

    // MARK: The matching thread

    /// Marks the records that are matched next: records that arrive later may need newer state than is requested now.
    /// - Returns: whether any record waits; if not, matching has ended.
    mutating func mark() -> Bool {
        isMatching = !waiting.isEmpty
        var size = 0
        marked =
            waiting.prefix { record in
                defer { size += Self.bytes(of: record) }
                return size == 0 || size + Self.bytes(of: record) <= limits.match
            }.count
        return isMatching
    }

    /// Takes the marked records that were not abandoned since. Their bytes count until ``release(_:)``.
    mutating func takeMarked() -> [IncomingRecord] {
        defer {
            waiting.removeFirst(marked)
            marked = 0
        }
        return Array(waiting.prefix(marked))
    }

    /// Takes all waiting records, which will not be matched any more.
    mutating func takeAll() -> [IncomingRecord] {
        marked = waiting.count
        return takeMarked()
    }

    /// Releases the bytes of these records.
    /// - Returns: the partitions whose reading resumes.
    mutating func release(_ records: [IncomingRecord]) -> [TopicPartition] {
        bytes -= Self.bytes(of: records)
        guard isPaused, bytes <= limits.resume else { return [] }
        isPaused = false
        return partitions.sorted()
    }

    private static func bytes(of records: [IncomingRecord]) -> Int { records.reduce(0) { $0 + bytes(of: $1) } }

    /// The approximate memory use of a record.
    static func bytes(of record: IncomingRecord) -> Int { (record.value?.readableBytes ?? 0) + 1024 }
}
