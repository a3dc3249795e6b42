import Encoding

extension IncomingRecord {
    /// Whether it says when it was written: the in-memory cluster knows nothing later than the first seconds of 1970.
    fileprivate var isStamped: Bool { timestamp > 1_000_000_000_000 }
}

/// What a group consumer's threads share about its assignment: ledgers, epochs, what has been asked to be committed. Pure value.
struct GroupProgress {
    /// Where a partition begins under a new assignment.
    struct Start: Sendable {
        /// The next offset to read; -1: nothing was committed; `Int64.min`: Kafka could not be asked.
        let commit: CommitOffset
        /// What an earlier owner finished ahead of it.
        let ahead: FinishedAhead?

        /// Reads the commit's metadata, which takes a while: not to be done under a lock.
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
        /// As it was assigned.
        let start: CommitOffset
        var ledger: CompletionLedger
        // Last commit that was asked for and not refused.
        var requested: CommitOffset
        var hasChanged = false
        /// The next commit must be asked for whatever it says: the last one was refused, or somebody wants one.
        var isDemanded = false
        /// The offset behind the last record, when reading last came to the end. May lie behind offsets that hold no records.
        var reachedEnd: Int64 = 0
        /// What an earlier owner finished ahead; nil once we are past it.
        var skip: FinishedAhead?
        /// Unfinished records that the handler has given up.
        var abandoned = 0
        /// The handler wants no more records.
        var isPaused = false
        /// What is finished ahead hardly fits into the commit any more.
        var isFull = false
        /// Since when what is unfinished waits.
        var marks = WaitingMarks()
        /// What is done now would be done again by the next owner, because the group takes no commits from us.
        var isUncommitted = false

        init(_ start: Start, epoch: UInt64) {
            self.epoch = epoch
            self.start = start.commit
            ledger = CompletionLedger(start: max(0, start.commit.offset))
            requested = start.commit
            skip = start.ahead
        }

        /// Nothing is under way any more.
        var isIdle: Bool { ledger.unfinished <= abandoned }
        /// Nobody is to hand records out.
        var isReadingPaused: Bool { isPaused || isFull || isUncommitted }
        /// Where reading goes on; as it was assigned if nothing has been read yet.
        var position: Int64 { ledger.isUntouched ? start.offset : ledger.nextOffset }
    }

    private var partitions: [TopicPartition: Partition] = [:]
    private var lastEpoch: UInt64 = 0
    /// Results of an older epoch or of records never handed out.
    private(set) var dropped = 0
    /// Records that an earlier owner had finished.
    private(set) var skipped = 0
    /// Set while a thread waits for `isIdle`.
    var isDraining = false
    private enum Urgency { case none, asked, sent }
    private var urgency = Urgency.none

    var assignment: [TopicPartition] { partitions.keys.sorted() }

    func epoch(of partition: TopicPartition) -> UInt64? { partitions[partition]?.epoch }

    /// Takes partitions over under a new epoch.
    mutating func assign(_ starts: [Start]) -> UInt64 {
        lastEpoch += 1
        for start in starts { partitions[start.commit.topicPartition] = Partition(start, epoch: lastEpoch) }
        return lastEpoch
    }

    mutating func remove(_ gone: [TopicPartition]) {
        for partition in gone { partitions[partition] = nil }
    }

    /// Begins the records that are still ours and returns those that are to be worked on.
    /// - Parameter now: milliseconds since 1970. No record waits for longer than since it was written, as far as it says so, and none since later.
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

    /// Whether the caller must wake a waiting drain.
    mutating func finish(_ partition: TopicPartition, _ offset: Int64, epoch: UInt64) -> Bool {
        guard partitions[partition]?.epoch == epoch, partitions[partition]?.ledger.finish(offset) == true else {
            dropped += 1
            return false
        }
        partitions[partition]?.hasChanged = true
        return isDraining && partitions[partition]?.isIdle == true
    }

    /// Whether the caller must wake a waiting drain.
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

    /// Where reading of each partition goes on; as it was given to `assign` if nothing has been read yet.
    var positions: [CommitOffset] {
        partitions.map { CommitOffset(topic: $0.topic, partition: $0.partition, offset: $1.position) }
    }

    /// As `positions`, of one partition; nil if it is not ours under this epoch.
    func position(of partition: TopicPartition, epoch: UInt64) -> Int64? {
        partitions[partition].flatMap { $0.epoch == epoch ? $0.position : nil }
    }

    /// What a new assignment of these would begin with if their commit points were all that Kafka knew.
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

    /// Reading passes over offsets that are no longer in the log.
    mutating func skip(_ partition: TopicPartition, to offset: Int64) {
        partitions[partition]?.ledger.skip(to: offset)
        partitions[partition]?.hasChanged = true
    }

    /// Reading came to the end.
    mutating func reached(_ partition: TopicPartition, _ end: Int64) {
        partitions[partition]?.reachedEnd = end
    }

    /// What the stall watch wants to know.
    var readings: [TopicPartition: StallDetector.Reading] {
        partitions.mapValues { partition in
            StallDetector.Reading(
                epoch: partition.epoch, position: max(partition.position, partition.reachedEnd),
                commitPoint: partition.ledger.commitPoint, isPaused: partition.isPaused || partition.isFull)
        }
    }

    /// What the ages of waiting records follow from, but for what Kafka knows alone.
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

    /// Commit points of the partitions on which something began or finished since the last call, without metadata.
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

    /// Those of the commits that say something new; they count as asked for from now on.
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

    /// A commit was refused: ask again next time.
    mutating func refused(_ commit: TopicPartition) {
        partitions[commit]?.isDemanded = true
        partitions[commit]?.hasChanged = true
    }

    /// Somebody wants a commit of these.
    /// - Parameter now: before the next one is due, and somebody waits for its answer.
    mutating func demandCommit(of wanted: [TopicPartition], now: Bool) {
        wanted.forEach { refused($0) }
        if now { urgency = .asked }
    }

    /// Whether a commit is wanted at once, or its answer is.
    var isCommitUrgent: Bool { urgency != .none }

    /// A commit can be sent now. Whether it must.
    mutating func takeUrgency() -> Bool {
        guard urgency == .asked else { return false }
        urgency = .sent
        return true
    }

    /// No commit is under way any more.
    mutating func commitAnswered() {
        if urgency == .sent { urgency = .none }
    }

    /// Somebody committed explicitly: nothing of ours is needed until we get further.
    mutating func committed(_ commits: [CommitOffset]) {
        for commit in commits where partitions[commit.topicPartition] != nil {
            partitions[commit.topicPartition]?.requested = commit
        }
    }

    /// What is finished ahead by us, and by an earlier owner where we have not come to it yet.
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

    /// The handler wants records of this partition, or wants none.
    /// - Returns: whether reading is to pause; nil if the partition is not ours under this epoch.
    mutating func setPaused(_ partition: TopicPartition, _ isPaused: Bool, epoch: UInt64) -> Bool? {
        guard partitions[partition]?.epoch == epoch else { return nil }
        partitions[partition]?.isPaused = isPaused
        return partitions[partition]?.isReadingPaused
    }

    /// Judges how much of a commit's metadata is used: intake stops at three quarters and goes on at half. It never stops where an earlier
    /// owner has read before: only reading on makes that set smaller.
    /// - Returns: whether reading is to pause; nil if that has not changed.
    mutating func setMetadata(_ partition: TopicPartition, length: Int) -> Bool? {
        change(partition) { entry in
            let isFull = entry.isFull
            if entry.skip == nil, length > FinishedAhead.maxTextLength / 4 * 3 { entry.isFull = true }
            if isFull, length <= FinishedAhead.maxTextLength / 2 { entry.isFull = false }
        }
    }

    /// The group takes no commits from us now, or takes them again. Only where there is something to commit: that will be asked for again,
    /// and its answer ends the pause, as a new assignment does.
    /// - Returns: whether reading is to pause; nil if that has not changed.
    mutating func setUncommitted(_ partition: TopicPartition, _ isUncommitted: Bool) -> Bool? {
        change(partition) { entry in entry.isUncommitted = isUncommitted && !entry.ledger.isUntouched }
    }

    /// Whether reading of a partition is to rest.
    func isReadingPaused(_ partition: TopicPartition) -> Bool { partitions[partition]?.isReadingPaused ?? false }

    private mutating func change(_ partition: TopicPartition, _ body: (inout Partition) -> Void) -> Bool? {
        guard var entry = partitions[partition] else { return nil }
        let before = entry.isReadingPaused
        body(&entry)
        partitions[partition] = entry
        return entry.isReadingPaused == before ? nil : entry.isReadingPaused
    }
}
