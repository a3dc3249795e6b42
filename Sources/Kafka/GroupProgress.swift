/// What a group consumer's threads share about its assignment: ledgers, epochs, what has been asked to be committed. Pure value.
struct GroupProgress {
    private struct Partition {
        let epoch: UInt64
        var ledger: CompletionLedger
        // Last commit that was asked for and not refused.
        var requested: CommitOffset
        var hasChanged = false
    }

    private var partitions: [TopicPartition: Partition] = [:]
    private var lastEpoch: UInt64 = 0
    /// Results of an older epoch or of records never handed out.
    private(set) var dropped = 0
    /// Set while a thread waits for `isIdle`.
    var isDraining = false

    var assignment: [TopicPartition] { partitions.keys.sorted() }

    func epoch(of partition: TopicPartition) -> UInt64? { partitions[partition]?.epoch }

    /// Takes partitions over under a new epoch.
    mutating func assign(_ starts: [CommitOffset]) -> UInt64 {
        lastEpoch += 1
        for start in starts {
            partitions[start.topicPartition] = Partition(
                epoch: lastEpoch, ledger: CompletionLedger(start: max(0, start.offset)), requested: start)
        }
        return lastEpoch
    }

    mutating func remove(_ gone: [TopicPartition]) {
        for partition in gone { partitions[partition] = nil }
    }

    /// Begins the records that are still ours and returns them.
    mutating func begin(_ records: [IncomingRecord]) -> [IncomingRecord] {
        var stale = false
        for record in records {
            let key = record.topicPartition
            guard partitions[key]?.epoch == record.epoch else {
                stale = true
                continue
            }
            partitions[key]?.ledger.begin(record.offset)
            partitions[key]?.hasChanged = true
        }
        return stale ? records.filter { partitions[$0.topicPartition]?.epoch == $0.epoch } : records
    }

    /// Whether the caller must wake a waiting drain.
    mutating func finish(_ partition: TopicPartition, _ offset: Int64, epoch: UInt64) -> Bool {
        guard partitions[partition]?.epoch == epoch, partitions[partition]?.ledger.finish(offset) == true else {
            dropped += 1
            return false
        }
        partitions[partition]?.hasChanged = true
        return isDraining && partitions[partition]?.ledger.isIdle == true
    }

    func isIdle(_ wanted: [TopicPartition]) -> Bool {
        wanted.allSatisfy { partitions[$0]?.ledger.isIdle ?? true }
    }

    func unfinished(_ wanted: [TopicPartition]) -> Int {
        wanted.reduce(0) { $0 + (partitions[$1]?.ledger.unfinished ?? 0) }
    }

    func commitPoint(_ partition: TopicPartition) -> Int64? { partitions[partition]?.ledger.commitPoint }

    /// Where reading of each partition goes on; as it was given to `assign` if nothing has been read yet.
    var positions: [CommitOffset] {
        partitions.map { key, partition in
            let next = partition.ledger.nextOffset
            let isUntouched = partition.requested.offset < 0 && next == 0
            return CommitOffset(topic: key.topic, partition: key.partition, offset: isUntouched ? partition.requested.offset : next)
        }
    }

    /// Commit points of the partitions on which something began or finished since the last call, without metadata.
    mutating func takeChanges(_ wanted: [TopicPartition]?, withFinishedAhead: Bool) -> [(commit: CommitOffset, finishedAhead: [Int64])] {
        var changes: [(commit: CommitOffset, finishedAhead: [Int64])] = []
        for key in wanted ?? Array(partitions.keys) {
            guard let partition = partitions[key], partition.hasChanged else { continue }
            partitions[key]?.hasChanged = false
            let ledger = partition.ledger
            changes.append(
                (
                    CommitOffset(topic: key.topic, partition: key.partition, offset: ledger.commitPoint),
                    withFinishedAhead ? ledger.finishedAhead : []
                ))
        }
        return changes
    }

    /// Those of the commits that say something new; they count as asked for from now on.
    mutating func request(_ commits: [CommitOffset]) -> [CommitOffset] {
        commits.filter { commit in
            let key = commit.topicPartition
            guard let requested = partitions[key]?.requested else { return false }
            let isNew = commit.offset > max(0, requested.offset) || commit.metadata != requested.metadata
            if isNew { partitions[key]?.requested = commit }
            return isNew
        }
    }

    /// A commit was refused: ask again next time.
    mutating func refused(_ commit: TopicPartition) {
        partitions[commit]?.requested = CommitOffset(topic: commit.topic, partition: commit.partition, offset: -1)
        partitions[commit]?.hasChanged = true
    }

    /// Somebody committed explicitly: nothing of ours is needed until we get further.
    mutating func committed(_ commits: [CommitOffset]) {
        for commit in commits where partitions[commit.topicPartition] != nil {
            partitions[commit.topicPartition]?.requested = commit
        }
    }
}
