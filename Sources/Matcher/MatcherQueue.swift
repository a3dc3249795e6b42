import Kafka
import NIOCore

/// What MATCHER has read and not judged yet, in the order in which it came, bounded by bytes. Pure value; the caller locks.
///
/// Where too much waits, reading of all partitions pauses, and goes on when half of it is judged: what is held at most is the limit and
/// one batch. What waits for newer state stays here until that is read, so that a partition which is revoked meanwhile is given up at once.
struct MatcherQueue {
    /// Bytes of records, values and an allowance for the rest of each.
    struct Limits {
        /// At so many reading pauses.
        var pause = 32 * 1024 * 1024
        /// At so many or fewer it goes on.
        var resume = 16 * 1024 * 1024
        /// At most so many are judged at a time, but always one record.
        var judge = 8 * 1024 * 1024
    }

    private let limits: Limits
    private var waiting: [IncomingRecord] = []
    /// How many of the first are judged next.
    private var marked = 0
    private var partitions: Set<TopicPartition> = []
    /// Whether somebody judges.
    private var isJudging = false
    /// Whether reading has been paused.
    private(set) var isPaused = false
    /// Of what waits and what is being judged.
    private(set) var bytes = 0

    init(_ limits: Limits = Limits()) {
        self.limits = limits
    }

    /// How many records wait.
    var count: Int { waiting.count }

    // MARK: The consumer's thread

    /// - Returns: the partitions whose reading is to pause: a new assignment is read whatever was paused before.
    mutating func assign(_ new: [TopicPartition]) -> [TopicPartition] {
        partitions.formUnion(new)
        return isPaused ? new : []
    }

    /// - Returns: the records that are given up, and the partitions whose reading is to go on.
    mutating func revoke(_ gone: [TopicPartition]) -> (abandoned: [IncomingRecord], resumed: [TopicPartition]) {
        partitions.subtract(gone)
        let gone = Set(gone)
        let abandoned = waiting.filter { gone.contains($0.topicPartition) }
        marked = waiting.prefix(marked).count { !gone.contains($0.topicPartition) }
        waiting.removeAll { gone.contains($0.topicPartition) }
        return (abandoned, release(abandoned))
    }

    /// - Returns: whether the caller must have it judged, and the partitions whose reading is to pause.
    mutating func add(_ batch: [IncomingRecord]) -> (mustStart: Bool, paused: [TopicPartition]) {
        waiting += batch
        bytes += Self.bytes(of: batch)
        let mustStart = !isJudging
        isJudging = true
        guard !isPaused, bytes >= limits.pause else { return (mustStart, []) }
        isPaused = true
        return (mustStart, partitions.sorted())
    }

    // MARK: Whoever judges

    /// Marks what is judged next: what comes from now on may need newer state than is asked for now.
    /// - Returns: whether anything waits; if not, nobody judges from now on.
    mutating func mark() -> Bool {
        isJudging = !waiting.isEmpty
        var size = 0
        marked =
            waiting.prefix { record in
                defer { size += Self.bytes(of: record) }
                return size == 0 || size + Self.bytes(of: record) <= limits.judge
            }.count
        return isJudging
    }

    /// Takes what was marked and not given up since. Its bytes count until ``release(_:)``.
    mutating func takeMarked() -> [IncomingRecord] {
        defer {
            waiting.removeFirst(marked)
            marked = 0
        }
        return Array(waiting.prefix(marked))
    }

    /// Takes everything that waits, which nobody is to judge any more.
    mutating func takeAll() -> [IncomingRecord] {
        marked = waiting.count
        return takeMarked()
    }

    /// These are held no longer.
    /// - Returns: the partitions whose reading is to go on.
    mutating func release(_ records: [IncomingRecord]) -> [TopicPartition] {
        bytes -= Self.bytes(of: records)
        guard isPaused, bytes <= limits.resume else { return [] }
        isPaused = false
        return partitions.sorted()
    }

    private static func bytes(of records: [IncomingRecord]) -> Int { records.reduce(0) { $0 + bytes(of: $1) } }

    /// What a record holds in memory, about.
    static func bytes(of record: IncomingRecord) -> Int { (record.value?.readableBytes ?? 0) + 1024 }
}
