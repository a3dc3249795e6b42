import Kafka
import NIOCore

/// Which records of the assigned partitions may start. A value: events go in, actions come out; no I/O, no clock, no lock.
///
/// A record starts only below a ``StartIntent`` that Kafka has acknowledged, and only within the intent's `lease`, a time after sending in
/// which the group cannot have reassigned the partition. Other records wait, in order, for the next acknowledgement.
///
/// The limit of an intent lies a margin above the last received record. It is renewed with each commit and when half of the margin is used,
/// so that at a steady rate no record waits. If this process dies, the next owner does not know which records of the margin were started.
/// So the margin is small: a few records, or what arrives in two commit intervals.
struct StartIntents<Request: HeldCall>: Sendable {
    struct Limits: Sendable {
        /// How far the limit of an intent lies above the last received record.
        var margin: ClosedRange<Int64> = 4...16_384
        /// How long an intent is valid. Shorter than the session, after which the group reassigns the partitions of a silent member.
        var lease: TimeAmount
        /// The waiting load of a partition at which its reading pauses; reading resumes at half of it.
        var waiting = ExchangeLoad(requests: 2000, bytes: 4 * 1024 * 1024)
    }

    enum Action: Sendable {
        case begin(Request)
        /// The request waited and has expired.
        case expire(Request)
        /// The request waited and its partition was revoked.
        case abandon(Request)
        /// Commit this partition now.
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

    /// A partition from its assignment to its next one.
    private struct Tenure {
        let epoch: UInt64
        var redelivery: RedeliveryGuard
        var margin: Int64
        /// The approximate number of records in the last second.
        var pace = 0.0
        /// The offset after the last record started here; 0 for none.
        var begun: Int64 = 0
        /// The offset after the last record received here; 0 for none.
        var received: Int64 = 0
        /// Records received since the last intent.
        var fresh: Int64 = 0
        /// The last intent that Kafka acknowledged.
        var acknowledged: Sent?
        /// Later intents, oldest first. Kafka may have any of them, because an answer can get lost.
        var unanswered: [Sent] = []
        /// Whether a commit was requested and no intent made since.
        var isAsked = false
        var isPaused = false
        /// After revocation: the offsets that were not started. No record starts any more.
        var left: [Int64]?

        /// No record at or above this offset has been started.
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

    /// The load of the requests that wait for an intent.
    var waiting: ExchangeLoad { room.total }

    // MARK: Events

    /// Adds assigned partitions. No record starts before the first intent is acknowledged.
    mutating func assign(_ redeliveryGuards: [TopicPartition: RedeliveryGuard], epoch: UInt64) -> [Action] {
        let gone = room.remove(of: Set(redeliveryGuards.keys))
        for (partition, redelivery) in redeliveryGuards {
            tenures[partition] = Tenure(epoch: epoch, redelivery: redelivery, margin: limits.margin.lowerBound)
        }
        return gone.map(Action.abandon) + redeliveryGuards.keys.map(Action.commit)
    }

    /// Removes revoked partitions: no record starts any more. Their last intent ends where the started records end.
    /// - Parameter waiting: requests that were started here but will not be sent.
    mutating func revoke(_ partitions: [TopicPartition], waiting: [Request]) -> [Action] {
        let gone = room.remove(of: Set(partitions))
        for partition in partitions { tenures[partition]?.left = [] }
        // Records in doubt remain in doubt.
        for request in waiting + gone where !request.isInDoubt { tenures[request.partition]?.left?.append(request.offset) }
        return gone.map(Action.abandon) + partitions.map(Action.commit)
    }

    /// Whether an earlier owner may have started this record.
    mutating func isInDoubt(_ record: IncomingRecord) -> Bool {
        tenures[record.topicPartition]?.redelivery.isInDoubt(record) ?? true
    }

    /// Adds requests, in the order of their records.
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

    /// Handles Kafka's acknowledgement of these commits.
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

    /// Handles the passing of time.
    mutating func wake(now: NIODeadline) -> [Action] {
        room.removeOverdue(now: now).map(Action.expire) + alarm()
    }

    // MARK: Intents

    /// The text of an intent, to be sent with the commit of this offset now. Nil for a partition that was never assigned.
    mutating func next(_ partition: TopicPartition, commitPoint: Int64, now: NIODeadline) -> String? {
        guard let tenure = tenures[partition] else { return nil }
        lastNumber += 1
        // An unreadable record is finished without having been started.
        let end = max(tenure.end, commitPoint)
        if let left = tenure.left {
            return StartIntent(limit: end, number: lastNumber, unbegun: Self.unbegun(left, tenure, commitPoint..<end)).text
        }
        // Each commit interval of 0.1 s takes its share off the rate and adds the new records.
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

    /// The part of the last second's records that still counts after this time.
    private static func rest(_ time: TimeAmount) -> Double { max(0, 1 - Double(time.nanoseconds) / 1_000_000_000) }

    /// The uncommitted offsets that were not started: those left here, and those that the previous owner left and this one has not reached.
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

    // MARK: Consequences

    /// Starts a request if that is permitted.
    private mutating func begin(_ request: Request, now: NIODeadline) -> Bool {
        guard tenures[request.partition]?.mayBegin(request.offset, lease: limits.lease, now: now) == true else { return false }
        tenures[request.partition]?.begun = request.offset + 1
        return true
    }

    /// Requests a commit if the intents are nearly used up, or if a request waits and no commit is in flight; pauses reading while much
    /// waits.
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
