import DequeModule
import Directory
import HeapModule
import Kafka
import NIOCore

/// Which record is sent when: a value that is told what happened and says what to do. No I/O, no clock, no lock.
///
/// A lane is one ordering object of one recipient. One record of a lane is under way at a time; lanes go side by side up to the
/// recipient's limit, in the order in which they became ready, as far as the recipient's ``Breaker`` permits. A failing record waits at the
/// head of its lane with growing delay, and only its lane waits.
///
/// Copies wait for as long as it takes; what they hold makes reading of their partition pause. That is enough also for a recipient that is
/// not called at all: never more than `bytesPerPartition` is held for it. Announcements never make reading pause: a newer one of the same
/// URL takes the place of those that wait right before it, and of a recipient that lets too many wait, new ones are dropped.
struct Lanes<Cargo: Sendable>: Sendable {
    struct Limits: Sendable {
        /// Records under way per recipient.
        var perRecipient: Int
        /// Bytes of copies held per partition before reading pauses; reading goes on at half of it.
        var bytesPerPartition: Int
        /// Announcements that may wait.
        var crowd: Crowd.Limits
        var backoff: Backoff
        var breaker = Breaker.Settings()
    }

    enum Action: Sendable {
        case run(Errand<Cargo>)
        case finish(Parcel<Cargo>, Ending)
        /// Call ``Lanes/wake(now:)`` at that time.
        case alarm(NIODeadline)
        /// ``Lanes/isPaused(_:)`` has changed.
        case gate(TopicPartition)
        /// So many records of a revoked partition will not end here.
        case abandon(TopicPartition, epoch: UInt64, records: Int)
        /// ``Lanes/breakers`` has changed.
        case breaker(Recipient, BreakerTurn)
    }

    private enum Sleeper: Sendable {
        case lane(LaneID)
        case recipient(Recipient)
    }

    private struct Alarm: Comparable, Sendable {
        let due: NIODeadline
        let stamp: UInt64
        let sleeper: Sleeper
        static func < (a: Alarm, b: Alarm) -> Bool { (a.due, a.stamp) < (b.due, b.stamp) }
        static func == (a: Alarm, b: Alarm) -> Bool { a.stamp == b.stamp }
    }

    private let limits: Limits
    private var shelves: [TopicPartition: Shelf] = [:]
    private var recipients: [Recipient: Traffic] = [:]
    private var crowd: Crowd
    private var alarms = Heap<Alarm>()
    private var armed: NIODeadline?
    private var stamps: UInt64 = 0

    init(_ limits: Limits) {
        self.limits = limits
        crowd = Crowd(limits.crowd)
    }

    /// Records held, under way included.
    private(set) var held = 0

    /// The recipients that are not called, or only to see whether they are back.
    private(set) var breakers: [Recipient: BreakerStanding] = [:]

    /// Recipients of which anything is known.
    var known: Int { recipients.count }

    /// Whether reading of this partition is to pause.
    func isPaused(_ partition: TopicPartition) -> Bool { shelves[partition]?.isPaused ?? false }

    /// Records under way to a recipient.
    func running(_ recipient: Recipient) -> Int { recipients[recipient]?.running ?? 0 }

    /// Announcements to a recipient that are held, under way included.
    func announcements(_ recipient: Recipient) -> Int { crowd.records(recipient) }

    // MARK: What happened

    /// These partitions are ours from now on.
    @discardableResult
    mutating func assign(_ partitions: [TopicPartition], epoch: UInt64) -> [Action] {
        let actions = revoke(partitions)
        for partition in partitions { shelves[partition] = Shelf(epoch: epoch) }
        return actions
    }

    /// These partitions are no longer ours: nothing of them is started any more. What is under way may still end.
    @discardableResult
    mutating func revoke(_ partitions: [TopicPartition]) -> [Action] {
        var actions: [Action] = []
        for partition in partitions {
            guard let shelf = shelves.removeValue(forKey: partition) else { continue }
            held -= shelf.records
            var waiting = shelf.records
            var shares: [Recipient: Int] = [:]
            for lane in shelf.lanes.values {
                if lane.phase == .running { waiting -= 1 }
                for parcel in lane.queue {
                    shares[parcel.recipient, default: 0] += 1
                    if parcel.news != nil { crowd.remove(parcel.recipient, bytes: parcel.bytes) }
                }
            }
            if waiting > 0 { actions.append(.abandon(partition, epoch: shelf.epoch, records: waiting)) }
            for (recipient, records) in shares {
                recipients[recipient]?.leave(partition, records: records)
                if recipients[recipient]?.isEmpty == true { forget(recipient, &actions) }
            }
        }
        return actions
    }

    /// A record was read.
    mutating func add(_ parcel: Parcel<Cargo>, now: NIODeadline) -> [Action] {
        guard shelves[parcel.partition]?.epoch == parcel.epoch else { return [] }
        let id = LaneID(parcel)
        let replaced = parcel.news.map { waiting(in: id, replacedBy: $0) } ?? []
        if parcel.news != nil {
            let leaving = (records: replaced.count, bytes: replaced.reduce(0) { $0 + $1.bytes })
            guard crowd.hasRoom(parcel.recipient, bytes: parcel.bytes, leaving: leaving) else {
                return [.finish(parcel, .dropped(.crowded))]
            }
        }
        let wasIdle = withLane(id) { lane in
            lane.queue.removeLast(replaced.count)
            if lane.queue.isEmpty { lane.forgetAttempts() }
            lane.queue.append(parcel)
            defer { if lane.phase == .idle { lane.phase = .ready } }
            return lane.phase == .idle
        }
        var actions: [Action] = []
        for earlier in replaced { finish(earlier, .replaced, &actions) }
        weigh(parcel, 1, &actions)
        if wasIdle {
            recipients[parcel.recipient]?.add(id, isBurial: false)
            start(parcel.recipient, now: now, &actions)
            arm(&actions)
        }
        return actions
    }

    /// An errand came back. Every errand must, exactly once.
    /// - Parameter jitter: from -1 to 1, fresh for every call.
    mutating func complete(_ errand: Errand<Cargo>, _ result: ErrandResult, now: NIODeadline, jitter: Double) -> [Action] {
        let parcel = errand.parcel
        recipients[parcel.recipient]?.end(errand.permit, result.outcome, now: now, jitter: jitter)
        var actions: [Action] = []
        guard shelves[parcel.partition]?.epoch == parcel.epoch else {
            // After a revocation the end still counts, if the consumer is quick enough to commit it; a failure does not: the next owner
            // tries.
            if case .ended(let ending) = result {
                actions.append(.finish(parcel, ending))
            } else {
                actions.append(.abandon(parcel.partition, epoch: parcel.epoch, records: 1))
            }
            start(parcel.recipient, now: now, &actions)
            arm(&actions)
            return actions
        }
        let id = LaneID(parcel)
        switch result {
        case .ended(let ending): advance(id, past: parcel, ending, &actions)
        case .failed(let last, let after):
            withLane(id) { $0.tried(last) }
            retry(id, parcel, after: after ?? .zero, now: now, jitter: jitter, &actions)
        case .lacking(let last):
            withLane(id) { $0.tried(last) }
            retry(id, parcel, after: .zero, now: now, jitter: jitter, &actions)
        case .hindered: retry(id, parcel, after: .zero, now: now, jitter: jitter, &actions)
        case .postponed: wait(id, until: now + Self.postponement)
        case .rationed(let until):
            withLane(id) { $0.isOver = true }
            wait(id, until: until)
        case .unburied(let burial):
            withLane(id) { $0.burial = burial }
            wait(id, after: .zero, now: now, jitter: jitter)
        }
        start(parcel.recipient, now: now, &actions)
        arm(&actions)
        return actions
    }

    /// Time has passed: lanes that waited long enough go on, and recipients that were left alone for long enough are called.
    mutating func wake(now: NIODeadline) -> [Action] {
        if let armed, armed <= now { self.armed = nil }
        var actions: [Action] = []
        while let alarm = alarms.min, alarm.due <= now {
            alarms.removeMin()
            switch alarm.sleeper {
            case .recipient(let recipient):
                recipients[recipient]?.rang(alarm.due)
                start(recipient, now: now, &actions)
            case .lane(let id):
                guard shelves[id.partition]?.epoch == id.epoch, let lane = shelves[id.partition]?.lanes[id.name],
                    lane.phase == .waiting(stamp: alarm.stamp), let recipient = lane.queue.first?.recipient
                else { continue }
                withLane(id) { $0.phase = .ready }
                recipients[recipient]?.add(id, isBurial: lane.burial != nil || lane.isOver)
                start(recipient, now: now, &actions)
            }
        }
        arm(&actions)
        return actions
    }

    // MARK: What follows

    /// Starts what is ready, as far as the recipient's limit and its breaker allow. Every start goes through here.
    private mutating func start(_ recipient: Recipient, now: NIODeadline, _ actions: inout [Action]) {
        while let (id, permit) = recipients[recipient]?.next(limit: limits.perRecipient, now: now) {
            guard shelves[id.partition]?.epoch == id.epoch, let lane = shelves[id.partition]?.lanes[id.name], lane.phase == .ready,
                let parcel = lane.queue.first
            else {
                recipients[recipient]?.end(permit, .unused, now: now, jitter: 0)
                continue
            }
            withLane(id) { $0.phase = .running }
            actions.append(
                .run(Errand(parcel: parcel, attempts: lane.attempts, last: lane.last, burial: lane.burial, permit: permit)))
        }
        guard let outlook = recipients[recipient]?.settle(now: now) else { return }
        if let alarm = outlook.alarm { wake(.recipient(recipient), at: alarm) }
        if outlook.isOver { return forget(recipient, &actions) }
        if let state = recipients[recipient]?.state, state != .closed {
            breakers[recipient, default: BreakerStanding(state: state, since: now)].state = state
        } else {
            breakers[recipient] = nil
        }
        if let turn = outlook.turn { actions.append(.breaker(recipient, turn)) }
    }

    /// Nothing is left for a recipient.
    private mutating func forget(_ recipient: Recipient, _ actions: inout [Action]) {
        recipients[recipient] = nil
        if breakers.removeValue(forKey: recipient) != nil { actions.append(.breaker(recipient, .forgotten)) }
    }

    private mutating func advance(_ id: LaneID, past parcel: Parcel<Cargo>, _ ending: Ending, _ actions: inout [Action]) {
        let isEmpty = withLane(id) { lane in
            lane.queue.removeFirst()
            lane.forgetAttempts()
            if ending.isAnswer { lane.failures = 0 }
            lane.phase = lane.queue.isEmpty ? .idle : .ready
            return lane.queue.isEmpty
        }
        if isEmpty {
            shelves[id.partition]?.lanes[id.name] = nil
        } else {
            recipients[parcel.recipient]?.add(id, isBurial: false)
        }
        finish(parcel, ending, &actions)
    }

    /// The records at the end of a lane that need not be sent if `news` comes behind them; nothing else lies between.
    private func waiting(in id: LaneID, replacedBy news: News) -> [Parcel<Cargo>] {
        guard let lane = shelves[id.partition]?.lanes[id.name] else { return [] }
        return Array(lane.queue.dropFirst(lane.phase == .running ? 1 : 0).reversed().prefix { news.replaces($0.news) })
    }

    /// The head waits; if the record behind it makes it unnecessary, that one waits in its stead: it is not tried sooner than the one it
    /// replaces would have been.
    private mutating func retry(
        _ id: LaneID, _ parcel: Parcel<Cargo>, after: TimeAmount, now: NIODeadline, jitter: Double, _ actions: inout [Action]
    ) {
        wait(id, after: after, now: now, jitter: jitter)
        let isReplaced = withLane(id) { lane in
            guard lane.isHeadReplaced else { return false }
            lane.queue.removeFirst()
            lane.forgetAttempts()
            return true
        }
        if isReplaced { finish(parcel, .replaced, &actions) }
    }

    private mutating func wait(_ id: LaneID, after: TimeAmount, now: NIODeadline, jitter: Double) {
        let backoff = limits.backoff
        let delay = withLane(id) { lane in
            lane.failures += 1
            return max(backoff.delay(failures: lane.failures, jitter: jitter), after)
        }
        wait(id, until: now + delay)
    }

    private mutating func wait(_ id: LaneID, until due: NIODeadline) {
        let stamp = wake(.lane(id), at: due)
        withLane(id) { $0.phase = .waiting(stamp: stamp) }
    }

    @discardableResult
    private mutating func wake(_ sleeper: Sleeper, at due: NIODeadline) -> UInt64 {
        stamps += 1
        alarms.insert(Alarm(due: due, stamp: stamps, sleeper: sleeper))
        return stamps
    }

    /// How soon a paused outbox is looked at again.
    private static var postponement: TimeAmount { .seconds(1) }

    /// A record that has left its lane.
    private mutating func finish(_ parcel: Parcel<Cargo>, _ ending: Ending, _ actions: inout [Action]) {
        actions.append(.finish(parcel, ending))
        weigh(parcel, -1, &actions)
    }

    /// - Parameter sign: 1 for a record that comes, -1 for one that goes.
    private mutating func weigh(_ parcel: Parcel<Cargo>, _ sign: Int, _ actions: inout [Action]) {
        guard var shelf = shelves.removeValue(forKey: parcel.partition) else { return }
        defer { shelves[parcel.partition] = shelf }
        shelf.records += sign
        held += sign
        recipients[parcel.recipient, default: Traffic(limits.breaker)].held += sign
        guard parcel.news == nil else {
            return sign > 0 ? crowd.add(parcel.recipient, bytes: parcel.bytes) : crowd.remove(parcel.recipient, bytes: parcel.bytes)
        }
        shelf.bytes += sign * parcel.bytes
        let isPaused = shelf.bytes > (shelf.isPaused ? limits.bytesPerPartition / 2 : limits.bytesPerPartition)
        guard isPaused != shelf.isPaused else { return }
        shelf.isPaused = isPaused
        actions.append(.gate(parcel.partition))
    }

    /// Asks for one alarm at the earliest time anything is due.
    private mutating func arm(_ actions: inout [Action]) {
        guard let due = alarms.min?.due, armed.map({ due < $0 }) ?? true else { return }
        armed = due
        actions.append(.alarm(due))
    }

    /// In place; the shelf must exist.
    private mutating func withLane<Result>(_ id: LaneID, _ change: (inout Lane) -> Result) -> Result {
        change(&shelves[id.partition, default: Shelf(epoch: id.epoch)].lanes[id.name, default: Lane()])
    }
}
