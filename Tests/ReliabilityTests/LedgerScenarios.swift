import Support
import Testing

@testable import Kafka

/// What is committed and what comes again, on the bookkeeping alone: thousands of histories without a Kafka.
@Suite struct LedgerScenarios {
    @Test("Scenario 1: after a crash exactly what was not committed as finished comes again")
    func afterACrashExactlyTheUnfinishedComeAgain() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        for round in 0..<250 {
            let log = Self.log(&random)
            var stored = CommitOffset(topic: "t", partition: 0, offset: -1)
            // What the commit says, and what was really done: the crash may have come before the next commit.
            var committed: Set<Int64> = []
            var lives = 0
            while committed.count < log.count {
                let expected = log.filter { !committed.contains($0) }
                var life = Life(resuming: stored, log: log)
                var steps = lives > 20 ? .max : Int.random(in: 1...200, using: &random)
                while steps > 0, committed.count < log.count {
                    steps -= 1
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0:
                        life.read(Int.random(in: 1...10, using: &random))
                        guard life.handedOut == Array(expected.prefix(life.handedOut.count)) else {
                            Issue.record("seed \(seed) round \(round): \(life.handedOut) came instead of \(expected)")
                            return
                        }
                    case 1, 2: life.finishOne(&random)
                    default:
                        guard let commit = life.commit() else { continue }
                        stored = commit
                        committed = Set(log).subtracting(expected).union(life.finished)
                        guard log.allSatisfy({ $0 >= stored.offset || committed.contains($0) }) else {
                            Issue.record("seed \(seed) round \(round): \(stored.offset) is committed beyond an unfinished record")
                            return
                        }
                    }
                }
                lives += 1
            }
            var last = Life(resuming: stored, log: log)
            last.read(log.count)
            #expect(last.handedOut.isEmpty, "seed \(seed) round \(round)")
        }
    }

    @Test("Scenario 2: commits stay within the log and never go back under one assignment, however often it changes")
    func commitsNeverGoBackNorBeyondTheLog() {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        for round in 0..<500 {
            var end = Int64.random(in: 0...20, using: &random)
            var stored = CommitOffset(topic: "t", partition: 0, offset: .random(in: -1...end, using: &random))
            var progress = GroupProgress()
            var epoch = progress.assign([.init(stored)])
            var position = max(0, stored.offset)
            var least = stored.offset
            var open: [(offset: Int64, epoch: UInt64)] = []
            for _ in 0..<200 {
                switch Int.random(in: 0..<10, using: &random) {
                case 0, 1: end += Int64.random(in: 0...5, using: &random)
                case 2, 3:
                    let records = (position..<min(end, position + 4)).map { Life.record($0, epoch: epoch) }
                    open += progress.begin(records).map { ($0.offset, epoch) }
                    position += Int64(records.count)
                case 4, 5, 6:
                    // Also of assignments that are over.
                    guard let index = open.indices.randomElement(using: &random) else { continue }
                    let (offset, given) = open.remove(at: index)
                    _ = progress.finish(Life.partition, offset, epoch: given)
                case 7:
                    progress.remove([Life.partition])
                    epoch = progress.assign([.init(stored)])
                    position = max(0, stored.offset)
                    least = stored.offset
                case 8: progress.refused(Life.partition)
                default:
                    for commit in Life.commits(of: &progress) {
                        guard commit.offset >= least, commit.offset <= end else {
                            Issue.record("seed \(seed) round \(round): \(commit.offset) is committed, not \(least)...\(end)")
                            return
                        }
                        least = commit.offset
                        if random.chance(70) { stored = commit } else { progress.refused(Life.partition) }
                    }
                }
            }
        }
    }

    @Test("Scenario 6: one record that does not end keeps nothing behind it from ending, and alone comes again")
    func oneRecordThatDoesNotEnd() {
        let count: Int64 = 100_000
        var progress = GroupProgress()
        let epoch = progress.assign([.init(CommitOffset(topic: "t", partition: 0, offset: 0))])
        var stored = CommitOffset(topic: "t", partition: 0, offset: 0)
        for first in stride(from: 0, to: count, by: 500) {
            let records = (first..<first + 500).map { Life.record($0, epoch: epoch) }
            #expect(progress.begin(records).count == 500)
            for record in records where record.offset > 0 { _ = progress.finish(Life.partition, record.offset, epoch: epoch) }
            for commit in Life.commits(of: &progress) {
                stored = commit
                #expect(progress.setMetadata(Life.partition, length: commit.metadata?.utf8.count ?? 0) == nil, "reading goes on")
            }
        }
        #expect(stored.offset == 0 && (stored.metadata?.utf8.count ?? 0) < 100)
        #expect(progress.unfinished([Life.partition]) == 1)

        var successor = GroupProgress()
        let next = successor.assign([.init(stored)])
        #expect(successor.begin((0..<count).map { Life.record($0, epoch: next) }).map(\.offset) == [0])
        _ = successor.finish(Life.partition, 0, epoch: next)
        #expect(Life.commits(of: &successor).map(\.offset) == [count])
    }

    /// Offsets with gaps, as compaction and transactions leave them.
    private static func log(_ random: inout SeededGenerator) -> [Int64] {
        var next: Int64 = 0
        return (0..<Int.random(in: 1...80, using: &random)).map { _ in
            next += random.chance(20) ? Int64.random(in: 2...6, using: &random) : 1
            return next
        }
    }
}

/// One member's time with a partition, from its assignment to a crash.
private struct Life {
    static let partition = TopicPartition(topic: "t", partition: 0)

    private var progress = GroupProgress()
    private let epoch: UInt64
    private var unread: ArraySlice<Int64>
    private var open: [Int64] = []
    /// What it got to work on, in order.
    private(set) var handedOut: [Int64] = []
    private(set) var finished: [Int64] = []

    init(resuming stored: CommitOffset, log: [Int64]) {
        epoch = progress.assign([.init(stored)])
        unread = log.filter { $0 >= max(0, stored.offset) }[...]
    }

    mutating func read(_ count: Int) {
        let epoch = epoch
        let batch = progress.begin(unread.prefix(count).map { Self.record($0, epoch: epoch) }).map(\.offset)
        unread = unread.dropFirst(count)
        open += batch
        handedOut += batch
    }

    mutating func finishOne(_ random: inout SeededGenerator) {
        guard let index = open.indices.randomElement(using: &random) else { return }
        let offset = open.remove(at: index)
        _ = progress.finish(Self.partition, offset, epoch: epoch)
        finished.append(offset)
    }

    mutating func commit() -> CommitOffset? { Self.commits(of: &progress).first }

    static func commits(of progress: inout GroupProgress) -> [CommitOffset] {
        let wanted = progress.takeChanges(nil, withFinishedAhead: true).map { change in
            var commit = change.commit
            commit.metadata = change.finishedAhead.text
            return commit
        }
        return progress.request(wanted)
    }

    static func record(_ offset: Int64, epoch: UInt64) -> IncomingRecord {
        IncomingRecord(
            topic: partition.topic, partition: partition.partition, offset: offset, timestamp: 0, key: nil, value: nil,
            headers: RecordHeaders(), epoch: epoch)
    }
}
