import Encoding

extension IncomingRecord {
    /// Whether the record has a real timestamp: the in-memory cluster only sets ones in the first seconds of 1970.
    fileprivate var isStamped: Bool { timestamp > 1_000_000_000_000 }
}

/// The state of an assignment that a group consumer's threads share: ledgers, epochs, requested commits. A value without a lock of its own.
struct GroupProgress {
    /// The start position of a partition under a new assignment.
    struct Start: Sendable {
        /// The next offset to read; -1 without a committed offset; `Int64.min` if Kafka could not be asked.
        let commit: CommitOffset
        /// The offsets that an earlier owner finished ahead of it.
        let ahead: FinishedAhead?

        /// Parses the commit's metadata, which is slow: must not run under a lock.
        init(_ commit: CommitOffset) {
            self.init(commit, ahead: commit.metadata.flatMap { FinishedAhead(text: $0, committed: commit.offset) })
        }

        init(_ commit: CommitOffset, ahead: FinishedAhead?) {
            self.commit = commit
            self.ahead = ahead
        }
    }

    private struct Partition {
        let epoch: UInt64
        /// The start offset as assigned.
        let start: CommitOffset
        var ledger: CompletionLedger
        // Last commit that was asked for and not refused.
        var requested: CommitOffset
        var hasChanged = false
        /// Whether the next commit must include this partition even without a change: the last one was refused, or a caller wants one.
        var isDemanded = false
        /// The offset after the last record, as of the last time reading reached the end. May be above offsets that hold no records.
        var reachedEnd: Int64 = 0
        /// The offsets that an earlier owner finished ahead; nil once reading is past them.
        var skip: FinishedAhead?
        /// Unfinished records that the handler has abandoned.
        var abandoned = 0
        /// Whether the handler has paused the partition.
        var isPaused = false
        /// Whether the text of the offsets finished ahead nearly fills the commit metadata.
        var isFull = false
        /// When the unfinished records were written.
        var marks = WaitingMarks()
        /// Whether the group refuses this member's commits, so that the next owner would repeat all work done now.
        var isUncommitted = false

        init(_ start: Start, epoch: UInt64) {
            self.epoch = epoch
            self.start = start.commit
            ledger = CompletionLedger(start: max(0, start.commit.offset))
            requested = start.commit
            skip = start.ahead
        }

        /// Whether no record is in progress.
        var isIdle: Bool { ledger.unfinished <= abandoned }
        /// Whether reading is paused for any reason.
        var isReadingPaused: Bool { isPaused || isFull || isUncommitted }
        /// The next offset to read; the assigned one before the first record.
        var position: Int64 { ledger.isUntouched ? start.offset : ledger.nextOffset }
    }

    private var partitions: [TopicPartition: Partition] = [:]
    private var lastEpoch: UInt64 = 0
    /// Results of an older epoch, or of records that were never handed out.
    private(set) var dropped = 0
    /// Records skipped because an earlier owner had finished them.
    private(set) var skipped = 0
    /// Whether a thread waits for `isIdle`.
    var isDraining = false
    private enum Urgency { case none, asked, sent }
    private var urgency = Urgency.none

    var assignment: [TopicPartition] { partitions.keys.sorted() }

    func epoch(of partition: TopicPartition) -> UInt64? { partitions[partition]?.epoch }

    /// Adds partitions under a new epoch.
    mutating func assign(_ starts: [Start]) -> UInt64 {
        lastEpoch += 1
        for start in starts { partitions[start.commit.topicPartition] = Partition(start, epoch: lastEpoch) }
        return lastEpoch
    }

    mutating func remove(_ gone: [TopicPartition]) {
        for partition in gone { partitions[partition] = nil }
    }

    /// Begins the records whose partitions are still assigned, and returns those that need work.
    /// - Parameter now: milliseconds since 1970. A record's waiting time begins at its timestamp, if it has one, and at `now` at the
    ///   latest.
    mutating func begin(_ records: [IncomingRecord], at now: Int64 = Timestamp.now.milliseconds) -> [IncomingRecord] {
        var isWanted = [Bool](repeating: true, count: records.count)
        for (index, record) in records.enumerated() { isWanted[index] = begin(record, now) }
        guard isWanted.contains(false) else { return records }
        return zip(records, isWanted).filter(\.1).map(\.0)
    }

    private mutating func begin(_ record: IncomingRecord, _ now: Int64) -> Bool {
        let key = record.topicPartition
        guard partitions[key]?.epoch == record.epoch else { return false }
        partitions[key]?.ledger.begin(record.offset)
        partitions[key]?.marks.begin(record.offset, since: min(record.isStamped ? record.timestamp : now, now))
        partitions[key]?.hasChanged = true
        guard let skip = partitions[key]?.skip else { return true }
        if record.offset >= skip.last ?? 0 { partitions[key]?.skip = nil }
        guard skip.contains(record.offset) else { return true }
        partitions[key]?.ledger.finish(record.offset)
        skipped += 1
        return false
    }

    /// - Returns: whether the caller must wake a waiting drain.
    mutating func finish(_ partition: TopicPartition, _ offset: Int64, epoch: UInt64) -> Bool {
        guard partitions[partition]?.epoch == epoch, partitions[partition]?.ledger.finish(offset) == true else {
            dropped += 1
            return false
        }
        partitions[partition]?.hasChanged = true
        return isDraining && partitions[partition]?.isIdle == true
    }

    /// - Returns: whether the caller must wake a waiting drain.
    mutating func abandon(_ partition: TopicPartition, _ records: Int, epoch: UInt64) -> Bool {
        guard partitions[partition]?.epoch == epoch else { return false }
        partitions[partition]?.abandoned += max(0, records)
        return isDraining && partitions[partition]?.isIdle == true
    }

    func isIdle(_ wanted: [TopicPartition]) -> Bool {
        wanted.allSatisfy { partitions[$0]?.isIdle ?? true }
    }

    func unfinished(_ wanted: [TopicPartition]) -> Int {
        wanted.reduce(0) { $0 + (partitions[$1]?.ledger.unfinished ?? 0) }
    }

    func commitPoint(_ partition: TopicPartition) -> Int64? { partitions[partition]?.ledger.commitPoint }

    /// The next offset to read of each partition; the assigned one before the first record.
    var positions: [CommitOffset] {
        partitions.map { CommitOffset(topic: $0.topic, partition: $0.partition, offset: $1.position) }
    }

    /// Like `positions`, for one partition; nil if it is not assigned under this epoch.
    func position(of partition: TopicPartition, epoch: UInt64) -> Int64? {
        partitions[partition].flatMap { $0.epoch == epoch ? $0.position : nil }
    }

    /// The start positions of a new assignment that only knows the present commit points.
    func starts(of wanted: [TopicPartition]) -> [Start] {
        wanted.compactMap { key in
            partitions[key].map { partition in
                let point = partition.ledger.isUntouched ? partition.start.offset : partition.ledger.commitPoint
                let ahead = ahead(of: partition)
                return Start(
                    CommitOffset(topic: key.topic, partition: key.partition, offset: point), ahead: ahead.isEmpty ? nil : ahead)
            }
        }
    }

    /// Skips offsets that are no longer in the log.
    mutating func skip(_ partition: TopicPartition, to offset: Int64) {
        partitions[partition]?.ledger.skip(to: offset)
        partitions[partition]?.hasChanged = true
    }

    /// Notes that reading reached the end.
    mutating func reached(_ partition: TopicPartition, _ end: Int64) {
        partitions[partition]?.reachedEnd = end
    }

    /// The input of the stall detector.
    var readings: [TopicPartition: StallDetector.Reading] {
        partitions.mapValues { partition in
            StallDetector.Reading(
                epoch: partition.epoch, position: max(partition.position, partition.reachedEnd),
                commitPoint: partition.ledger.commitPoint, isPaused: partition.isPaused || partition.isFull)
        }
    }

    /// The input of the waiting ages, from this state and the given backlog.
    mutating func waiting(_ backlog: [TopicPartition: Int64]) -> [TopicPartition: WaitingAges.Reading] {
        var found: [TopicPartition: WaitingAges.Reading] = [:]
        for key in Array(partitions.keys) {
            guard let ledger = partitions[key]?.ledger else { continue }
            let since = partitions[key]?.marks.since(ledger.commitPoint)
            found[key] = WaitingAges.Reading(
                position: ledger.nextOffset, since: ledger.unfinished > 0 ? since : nil, backlog: backlog[key] ?? 0)
        }
        return found
    }

    /// Commit points of the partitions on which a record began or finished since the last call, without metadata.
    mutating func takeChanges(
        _ wanted: [TopicPartition]?, withFinishedAhead: Bool
    ) -> [(commit: CommitOffset, finishedAhead: FinishedAhead)] {
        var changes: [(commit: CommitOffset, finishedAhead: FinishedAhead)] = []
        for key in wanted ?? Array(partitions.keys) {
            // Where nothing has begun and nothing was committed, there is no offset to commit.
            guard let partition = partitions[key], partition.hasChanged, !partition.ledger.isUntouched || partition.start.offset >= 0
            else { continue }
            partitions[key]?.hasChanged = false
            let ledger = partition.ledger
            changes.append(
                (
                    CommitOffset(topic: key.topic, partition: key.partition, offset: ledger.commitPoint),
                    withFinishedAhead ? ahead(of: partition) : FinishedAhead(base: ledger.commitPoint, runs: [])
                ))
        }
        return changes
    }

    /// The commits that differ from the last requested ones; they count as requested from now on.
    mutating func request(_ commits: [CommitOffset]) -> [CommitOffset] {
        commits.filter { commit in
            let key = commit.topicPartition
            guard let partition = partitions[key] else { return false }
            let requested = partition.requested
            let isNew = partition.isDemanded || commit.offset > max(0, requested.offset) || commit.metadata != requested.metadata
            if isNew {
                partitions[key]?.requested = commit
                partitions[key]?.isDemanded = false
            }
            return isNew
        }
    }

    /// Notes that a commit was refused, so that the next one repeats it.
    mutating func refused(_ commit: TopicPartition) {
        partitions[commit]?.isDemanded = true
        partitions[commit]?.hasChanged = true
    }

    /// Requests a commit of these partitions.
    /// - Parameter now: whether the commit must not wait for its interval, because a caller waits for its answer.
    mutating func demandCommit(of wanted: [TopicPartition], now: Bool) {
        wanted.forEach { refused($0) }
        if now { urgency = .asked }
    }

    /// Whether a commit, or the answer to one, is urgent.
    var isCommitUrgent: Bool { urgency != .none }

    /// Marks an urgent commit as sent. Returns whether one was asked for.
    mutating func takeUrgency() -> Bool {
        guard urgency == .asked else { return false }
        urgency = .sent
        return true
    }

    /// Notes that no commit is in flight.
    mutating func commitAnswered() {
        if urgency == .sent { urgency = .none }
    }

    /// Notes an explicit commit: the consumer's own is not needed until the commit point passes it.
    mutating func committed(_ commits: [CommitOffset]) {
        for commit in commits where partitions[commit.topicPartition] != nil {
            partitions[commit.topicPartition]?.requested = commit
        }
    }

    /// The offsets finished ahead by this member, and by an earlier owner where reading has not reached them yet.
    private func ahead(of partition: Partition) -> FinishedAhead {
        let ahead = partition.ledger.finishedAhead
        let next = partition.ledger.nextOffset
        let rest = (partition.skip?.runs ?? []).filter { $0.upperBound >= next }.map { max($0.lowerBound, next)...$0.upperBound }
        guard let first = rest.first else { return ahead }
        var runs = ahead.runs
        if let last = runs.last, last.upperBound + 1 == first.lowerBound {
            runs[runs.count - 1] = last.lowerBound...first.upperBound
            runs += rest.dropFirst()
        } else {
            runs += rest
        }
        return FinishedAhead(base: ahead.base, runs: runs)
    }

    // MARK: Intake

    /// Notes whether the handler has paused a partition.
    /// - Returns: whether reading is to pause; nil if the partition is not assigned under this epoch.
    mutating func setPaused(_ partition: TopicPartition, _ isPaused: Bool, epoch: UInt64) -> Bool? {
        guard partitions[partition]?.epoch == epoch else { return nil }
        partitions[partition]?.isPaused = isPaused
        return partitions[partition]?.isReadingPaused
    }

    /// Notes how much of the commit metadata is used: reading pauses at three quarters and resumes at half. It never pauses where an
    /// earlier owner has read, because only further reading shrinks that set.
    /// - Returns: whether reading is to pause; nil if that has not changed.
    mutating func setMetadata(_ partition: TopicPartition, length: Int) -> Bool? {
        change(partition) { entry in
            let isFull = entry.isFull
            if entry.skip == nil, length > FinishedAhead.maxTextLength / 4 * 3 { entry.isFull = true }
            if isFull, length <= FinishedAhead.maxTextLength / 2 { entry.isFull = false }
        }
    }

    /// Notes whether the group refuses this member's commits. Only a partition with uncommitted changes pauses: its next commit, or a new
    /// assignment, ends the pause.
    /// - Returns: whether reading is to pause; nil if that has not changed.
    mutating func setUncommitted(_ partition: TopicPartition, _ isUncommitted: Bool) -> Bool? {
        change(partition) { entry in entry.isUncommitted = isUncommitted && !entry.ledger.isUntouched }
    }

    /// Whether reading of a partition is paused.
    func isReadingPaused(_ partition: TopicPartition) -> Bool { partitions[partition]?.isReadingPaused ?? false }

    private mutating func change(_ partition: TopicPartition, _ body: (inout Partition) -> Void) -> Bool? {
        guard var entry = partitions[partition] else { return nil }
        let before = entry.isReadingPaused
        body(&entry)
        partitions[partition] = entry
        return entry.isReadingPaused == before ? nil : entry.isReadingPaused
    }
}
