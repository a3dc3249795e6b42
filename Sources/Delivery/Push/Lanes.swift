import DequeModule
import HeapModule
import Kafka
import NIOCore
import OCPI

/// Which record is sent when: a value that is told what happened and says what to do. No I/O, no clock, no lock.
///
/// A lane is one ordering object of one recipient (a partition of an outbox belongs to one recipient, and an object to one partition).
/// One record of a lane is under way at a time; lanes go side by side up to the recipient's limit, in the order in which they became
/// ready. A failing record waits at the head of its lane with growing delay, and only its lane waits.
struct Lanes<Cargo: Sendable>: Sendable {
    struct Limits: Sendable {
        /// Records under way per recipient.
        var perRecipient: Int
        /// Bytes held per partition before reading pauses; reading goes on at half of it.
        var bytesPerPartition: Int
        var backoff: Backoff
    }

    enum Action: Sendable {
        case run(Errand<Cargo>)
        case finish(Parcel<Cargo>, Ending)
        /// Call ``Lanes/wake(now:)`` at that time.
        case alarm(NIODeadline)
        /// ``Lanes/isPaused(_:)`` has changed.
        case gate(TopicPartition)
    }

    private enum Name: Hashable, Sendable {
        case key(String)
        case single(Int64)
    }

    private struct LaneID: Hashable, Sendable {
        let partition: TopicPartition
        let epoch: UInt64
        let name: Name
    }

    private enum Phase: Equatable, Sendable {
        case idle, ready, running
        case waiting(stamp: UInt64)
    }

    private struct Lane: Sendable {
        var queue = Deque<Parcel<Cargo>>()
        var phase = Phase.idle
        var attempts = 0
        var failures = 0
        var last = LastAttempt()
        var burial: Burial?
    }

    private struct Shelf: Sendable {
        let epoch: UInt64
        var lanes: [Name: Lane] = [:]
        var bytes = 0
        var records = 0
        var isPaused = false
    }

    private struct Recipient: Sendable {
        var running = 0
        var ready = Deque<LaneID>()
    }

    private struct Alarm: Comparable, Sendable {
        let due: NIODeadline
        let stamp: UInt64
        let lane: LaneID
        static func < (a: Alarm, b: Alarm) -> Bool { (a.due, a.stamp) < (b.due, b.stamp) }
        static func == (a: Alarm, b: Alarm) -> Bool { a.stamp == b.stamp }
    }

    private let limits: Limits
    private var shelves: [TopicPartition: Shelf] = [:]
    private var recipients: [PartyID: Recipient] = [:]
    private var alarms = Heap<Alarm>()
    private var armed: NIODeadline?
    private var stamps: UInt64 = 0

    init(_ limits: Limits) {
        self.limits = limits
    }

    /// Records held, under way included.
    private(set) var held = 0

    /// Whether reading of this partition is to pause.
    func isPaused(_ partition: TopicPartition) -> Bool { shelves[partition]?.isPaused ?? false }

    /// Records under way to a recipient.
    func running(_ recipient: PartyID) -> Int { recipients[recipient]?.running ?? 0 }

    // MARK: What happened

    /// These partitions are ours from now on.
    mutating func assign(_ partitions: [TopicPartition], epoch: UInt64) {
        revoke(partitions)
        for partition in partitions { shelves[partition] = Shelf(epoch: epoch) }
    }

    /// These partitions are no longer ours: nothing of them is started any more. What is under way may still end.
    mutating func revoke(_ partitions: [TopicPartition]) {
        for partition in partitions { held -= shelves.removeValue(forKey: partition)?.records ?? 0 }
    }

    /// A record was read.
    mutating func add(_ parcel: Parcel<Cargo>) -> [Action] {
        guard shelves[parcel.partition]?.epoch == parcel.epoch else { return [] }
        let name = parcel.key.map(Name.key) ?? .single(parcel.offset)
        let wasIdle = withLane(parcel.partition, name) { lane in
            lane.queue.append(parcel)
            defer { if lane.phase == .idle { lane.phase = .ready } }
            return lane.phase == .idle
        }
        var actions = weigh(parcel.partition, bytes: parcel.bytes, records: 1)
        if wasIdle {
            recipients[parcel.recipient, default: Recipient()].ready.append(
                LaneID(partition: parcel.partition, epoch: parcel.epoch, name: name))
            start(parcel.recipient, &actions)
        }
        return actions
    }

    /// An errand came back. Every errand must, exactly once.
    /// - Parameter jitter: from -1 to 1, fresh for every call.
    mutating func complete(_ errand: Errand<Cargo>, _ result: ErrandResult, now: NIODeadline, jitter: Double) -> [Action] {
        let parcel = errand.parcel
        recipients[parcel.recipient]?.running -= 1
        var actions: [Action] = []
        // After a revocation the end still counts, if the consumer is quick enough to commit it; a failure does not: the next owner tries.
        if case .ended(let ending) = result { actions.append(.finish(parcel, ending)) }
        if shelves[parcel.partition]?.epoch == parcel.epoch {
            let lane = LaneID(
                partition: parcel.partition, epoch: parcel.epoch, name: parcel.key.map(Name.key) ?? .single(parcel.offset))
            switch result {
            case .ended: advance(lane, past: parcel, &actions)
            case .failed(let last, let after):
                withLane(lane.partition, lane.name) { lane in
                    lane.attempts += 1
                    lane.last = last
                }
                wait(lane, after: after ?? .zero, now: now, jitter: jitter)
            case .unburied(let burial):
                withLane(lane.partition, lane.name) { $0.burial = burial }
                wait(lane, after: .zero, now: now, jitter: jitter)
            }
        }
        start(parcel.recipient, &actions)
        arm(&actions)
        return actions
    }

    /// Time has passed: lanes that waited long enough go on.
    mutating func wake(now: NIODeadline) -> [Action] {
        if let armed, armed <= now { self.armed = nil }
        var actions: [Action] = []
        while let alarm = alarms.min, alarm.due <= now {
            alarms.removeMin()
            guard shelves[alarm.lane.partition]?.epoch == alarm.lane.epoch,
                let lane = shelves[alarm.lane.partition]?.lanes[alarm.lane.name], lane.phase == .waiting(stamp: alarm.stamp),
                let recipient = lane.queue.first?.recipient
            else { continue }
            withLane(alarm.lane.partition, alarm.lane.name) { $0.phase = .ready }
            recipients[recipient, default: Recipient()].ready.append(alarm.lane)
            start(recipient, &actions)
        }
        arm(&actions)
        return actions
    }

    // MARK: What follows

    /// Starts what is ready, as far as the recipient's limit allows. Every start goes through here.
    private mutating func start(_ id: PartyID, _ actions: inout [Action]) {
        guard var recipient = recipients.removeValue(forKey: id) else { return }
        while recipient.running < limits.perRecipient, let next = recipient.ready.popFirst() {
            // Lanes of partitions that were revoked meanwhile are passed over.
            guard shelves[next.partition]?.epoch == next.epoch, let lane = shelves[next.partition]?.lanes[next.name],
                lane.phase == .ready, let parcel = lane.queue.first
            else { continue }
            withLane(next.partition, next.name) { $0.phase = .running }
            recipient.running += 1
            actions.append(.run(Errand(parcel: parcel, attempts: lane.attempts, last: lane.last, burial: lane.burial)))
        }
        if recipient.running > 0 || !recipient.ready.isEmpty { recipients[id] = recipient }
    }

    private mutating func advance(_ id: LaneID, past parcel: Parcel<Cargo>, _ actions: inout [Action]) {
        let isEmpty = withLane(id.partition, id.name) { lane in
            lane.queue.removeFirst()
            lane.attempts = 0
            lane.failures = 0
            lane.last = LastAttempt()
            lane.burial = nil
            lane.phase = lane.queue.isEmpty ? .idle : .ready
            return lane.queue.isEmpty
        }
        if isEmpty {
            shelves[id.partition]?.lanes[id.name] = nil
        } else {
            recipients[parcel.recipient, default: Recipient()].ready.append(id)
        }
        actions += weigh(id.partition, bytes: -parcel.bytes, records: -1)
    }

    private mutating func wait(_ id: LaneID, after: TimeAmount, now: NIODeadline, jitter: Double) {
        stamps += 1
        let stamp = stamps
        let backoff = limits.backoff
        let delay = withLane(id.partition, id.name) { lane in
            lane.failures += 1
            lane.phase = .waiting(stamp: stamp)
            return max(backoff.delay(failures: lane.failures, jitter: jitter), after)
        }
        alarms.insert(Alarm(due: now + delay, stamp: stamp, lane: id))
    }

    private mutating func weigh(_ partition: TopicPartition, bytes: Int, records: Int) -> [Action] {
        guard var shelf = shelves.removeValue(forKey: partition) else { return [] }
        defer { shelves[partition] = shelf }
        shelf.bytes += bytes
        shelf.records += records
        held += records
        if !shelf.isPaused, shelf.bytes > limits.bytesPerPartition {
            shelf.isPaused = true
            return [.gate(partition)]
        }
        if shelf.isPaused, shelf.bytes <= limits.bytesPerPartition / 2 {
            shelf.isPaused = false
            return [.gate(partition)]
        }
        return []
    }

    /// Asks for one alarm at the earliest time anything is due.
    private mutating func arm(_ actions: inout [Action]) {
        guard let due = alarms.min?.due, armed.map({ due < $0 }) ?? true else { return }
        armed = due
        actions.append(.alarm(due))
    }

    /// In place; the shelf must exist.
    private mutating func withLane<Result>(_ partition: TopicPartition, _ name: Name, _ change: (inout Lane) -> Result) -> Result {
        change(&shelves[partition, default: Shelf(epoch: 0)].lanes[name, default: Lane()])
    }
}
