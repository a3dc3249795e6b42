import Kafka
import NIOCore

/// How far the records of our partitions may be begun: a value that is told what happened and says what to do. No I/O, no clock, no lock.
///
/// A record is begun only below a ``StartIntent`` that Kafka has acknowledged, and only within its `lease`: so soon after it was asked for that
/// the group cannot have given the partition to another meanwhile. What comes too early waits, in order, for the next acknowledgement.
///
/// Promises go a margin further than what was received, and are renewed with each commit and when half of it is used, so that at a steady
/// pace nothing waits. If this process dies, the next owner does not know what became of the records in the margin. So it is small: a few
/// records, or what comes in two commit intervals.
struct StartIntents<Request: HeldCall>: Sendable {
    struct Limits: Sendable {
        /// How many records a promise goes further than what was received.
        var margin: ClosedRange<Int64> = 4...16_384
        /// How long a promise is good for. Shorter than the session, after whose silence the group gives our partitions to others.
        var lease: TimeAmount
        /// What may wait of a partition before its reading pauses; it goes on at half of that.
        var waiting = ExchangeLoad(requests: 2000, bytes: 4 * 1024 * 1024)
    }

    enum Action: Sendable {
        case begin(Request)
        /// It waited and has no time left.
        case expire(Request)
        /// It waited and its partition is not ours any more.
        case abandon(Request)
        /// A commit of this partition is wanted now.
        case commit(TopicPartition)
        case pause(TopicPartition)
        case resume(TopicPartition)
        /// Call ``wake(now:)`` at that time.
        case alarm(NIODeadline)
    }

    private struct Sent {
        let intent: StartIntent
        let at: NIODeadline
    }

    /// A partition while it is ours, and after that until it is again.
    private struct Tenure {
        let epoch: UInt64
        var redelivery: RedeliveryGuard
        var margin: Int64
        /// Records of the last second, about.
        var pace = 0.0
        /// Behind the last record that was begun here; 0 for none.
        var begun: Int64 = 0
        /// Behind the last record that was received here; 0 for none.
        var received: Int64 = 0
        /// Records received since the last promise.
        var fresh: Int64 = 0
        /// What Kafka said yes to last.
        var acknowledged: Sent?
        /// Promises since, oldest first. Any of them may be what Kafka has: an answer can get lost.
        var unanswered: [Sent] = []
        /// A commit was asked for and no promise made since.
        var isAsked = false
        var isPaused = false
        /// It was given up: these were left unbegun, and nothing is begun any more.
        var left: [Int64]?

        /// Nobody has begun a record at or beyond it.
        var end: Int64 { max(begun, redelivery.limit) }

        func mayBegin(_ offset: Int64, lease: TimeAmount, now: NIODeadline) -> Bool {
            guard left == nil, let acknowledged, now - acknowledged.at < lease else { return false }
            return offset < acknowledged.intent.limit && unanswered.allSatisfy { offset < $0.intent.limit }
        }
    }

    private let limits: Limits
    private var tenures: [TopicPartition: Tenure] = [:]
    private var room = AdmissionQueue<TopicPartition, Request>()
    private var lastNumber: UInt64 = 0

    init(_ limits: Limits) {
        self.limits = limits
    }

    /// What waits for a promise.
    var waiting: ExchangeLoad { room.total }

    // MARK: What happened

    /// These partitions are ours from now on. Nothing is begun before their first promise is acknowledged.
    mutating func assign(_ redeliveryGuards: [TopicPartition: RedeliveryGuard], epoch: UInt64) -> [Action] {
        let gone = room.remove(of: Set(redeliveryGuards.keys))
        for (partition, redelivery) in redeliveryGuards {
            tenures[partition] = Tenure(epoch: epoch, redelivery: redelivery, margin: limits.margin.lowerBound)
        }
        return gone.map(Action.abandon) + redeliveryGuards.keys.map(Action.commit)
    }

    /// These partitions are given up: nothing of them is begun any more. Their last promise ends where that which was begun ends.
    /// - Parameter waiting: what was begun in our eyes and is not sent after all.
    mutating func revoke(_ partitions: [TopicPartition], waiting: [Request]) -> [Action] {
        let gone = room.remove(of: Set(partitions))
        for partition in partitions { tenures[partition]?.left = [] }
        // What is in doubt stays so.
        for request in waiting + gone where !request.isInDoubt { tenures[request.partition]?.left?.append(request.offset) }
        return gone.map(Action.abandon) + partitions.map(Action.commit)
    }

    /// Whether an earlier owner may have begun this record.
    mutating func isInDoubt(_ record: IncomingRecord) -> Bool {
        tenures[record.topicPartition]?.redelivery.isInDoubt(record) ?? true
    }

    /// Requests, in the order of their records.
    mutating func receive(_ requests: [Request], now: NIODeadline) -> [Action] {
        var actions: [Action] = []
        var touched: Set<TopicPartition> = []
        for request in requests where tenures[request.partition]?.epoch == request.epoch {
            touched.insert(request.partition)
            tenures[request.partition]?.received = request.offset + 1
            tenures[request.partition]?.fresh += 1
            if room.load(of: request.partition).requests == 0, begin(request, now: now) {
                actions.append(.begin(request))
            } else {
                room.add(request, to: request.partition)
            }
        }
        for partition in touched { settle(partition, &actions) }
        return actions + alarm()
    }

    /// Kafka has taken these commits.
    mutating func committed(_ commits: [CommitOffset], now: NIODeadline) -> [Action] {
        var actions: [Action] = []
        for commit in commits {
            let partition = commit.topicPartition
            guard let intent = StartIntent(text: commit.metadata, committed: commit.offset), var tenure = tenures[partition],
                let place = tenure.unanswered.firstIndex(where: { $0.intent.number == intent.number })
            else { continue }
            tenure.acknowledged = tenure.unanswered[place]
            tenure.unanswered.removeSubrange(...place)
            tenures[partition] = tenure
            while let next = room.first(in: partition), begin(next, now: now), let request = room.removeFirst(in: partition) {
                actions.append(.begin(request))
            }
            settle(partition, &actions)
        }
        return actions + alarm()
    }

    /// Time has passed.
    mutating func wake(now: NIODeadline) -> [Action] {
        room.removeOverdue(now: now).map(Action.expire) + alarm()
    }

    // MARK: Promises

    /// The text of a promise, which is sent with the commit of this offset now. Nil for a partition that was never ours.
    mutating func next(_ partition: TopicPartition, commitPoint: Int64, now: NIODeadline) -> String? {
        guard let tenure = tenures[partition] else { return nil }
        lastNumber += 1
        // What cannot be read is finished without having been begun.
        let end = max(tenure.end, commitPoint)
        if let left = tenure.left {
            return StartIntent(limit: end, number: lastNumber, unbegun: Self.unbegun(left, tenure, commitPoint..<end)).text
        }
        // Each commit interval, a tenth of a second, takes its part away from the pace and adds what came.
        let before = (tenure.unanswered.last ?? tenure.acknowledged).map { tenure.pace * Self.rest(now - $0.at) } ?? 0
        let pace = before + Double(tenure.fresh)
        let margin = limits.margin.clamping(Int64(pace / 5))
        let (limit, overflow) = max(end, tenure.received).addingReportingOverflow(margin)
        let intent = StartIntent(limit: overflow ? .max : limit, number: lastNumber, unbegun: FinishedAhead(base: commitPoint, runs: []))
        tenures[partition]?.margin = margin
        tenures[partition]?.pace = pace
        tenures[partition]?.fresh = 0
        tenures[partition]?.isAsked = false
        tenures[partition]?.unanswered.append(Sent(intent: intent, at: now))
        return intent.text
    }

    /// What is left of the last second's records after so long.
    private static func rest(_ time: TimeAmount) -> Double { max(0, 1 - Double(time.nanoseconds) / 1_000_000_000) }

    /// What nobody has begun of that which is not committed: what we left, and what our predecessor left and we have not come to.
    private static func unbegun(_ left: [Int64], _ tenure: Tenure, _ uncommitted: Range<Int64>) -> FinishedAhead {
        let ours = left.filter(uncommitted.contains).sorted().map { $0...$0 }
        let inherited = tenure.redelivery.unbegun(from: max(tenure.received, uncommitted.lowerBound))
        let runs = (ours + inherited).reduce(into: [ClosedRange<Int64>]()) { runs, run in
            if let last = runs.last, last.upperBound + 1 == run.lowerBound {
                runs[runs.count - 1] = last.lowerBound...run.upperBound
            } else {
                runs.append(run)
            }
        }
        return FinishedAhead(base: uncommitted.lowerBound, runs: runs)
    }

    // MARK: What follows

    /// Whether it may be begun, and then it is.
    private mutating func begin(_ request: Request, now: NIODeadline) -> Bool {
        guard tenures[request.partition]?.mayBegin(request.offset, lease: limits.lease, now: now) == true else { return false }
        tenures[request.partition]?.begun = request.offset + 1
        return true
    }

    /// Asks for a commit if the promises made so far are nearly used up, or something waits and none is on its way; and for reading to rest
    /// while much waits.
    private mutating func settle(_ partition: TopicPartition, _ actions: inout [Action]) {
        guard var tenure = tenures[partition], tenure.left == nil else { return }
        defer { tenures[partition] = tenure }
        let load = room.load(of: partition)
        let intended = (tenure.unanswered.last ?? tenure.acknowledged)?.intent.limit ?? 0
        let isShort = intended - tenure.received <= tenure.margin / 2
        if !tenure.isAsked, isShort || load.requests > 0 && tenure.unanswered.isEmpty {
            tenure.isAsked = true
            actions.append(.commit(partition))
        }
        let isMuch =
            tenure.isPaused
            ? load.requests > limits.waiting.requests / 2 || load.bytes > limits.waiting.bytes / 2
            : load.requests >= limits.waiting.requests || load.bytes >= limits.waiting.bytes
        guard isMuch != tenure.isPaused else { return }
        tenure.isPaused = isMuch
        actions.append(isMuch ? .pause(partition) : .resume(partition))
    }

    private mutating func alarm() -> [Action] { room.alarm().map { [.alarm($0)] } ?? [] }
}

extension ClosedRange {
    fileprivate func clamping(_ value: Bound) -> Bound { Swift.min(Swift.max(value, lowerBound), upperBound) }
}
