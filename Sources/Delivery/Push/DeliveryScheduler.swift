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
struct DeliveryScheduler<Payload: Sendable>: Sendable {
    struct Limits: Sendable {
        /// Records under way per recipient.
        var perRecipient: Int
        /// Bytes of copies held per partition before reading pauses; reading goes on at half of it.
        var bytesPerPartition: Int
        /// Announcements that may wait.
        var announcementQuota: AnnouncementQuota.Limits
        var backoff: Backoff
        var breaker = Breaker.Settings()
    }

    enum Action: Sendable {
        case run(DeliveryAttempt<Payload>)
        case finish(PendingRecord<Payload>, DeliveryOutcome)
        /// Call ``DeliveryScheduler/wake(now:)`` at that time.
        case alarm(NIODeadline)
        /// ``DeliveryScheduler/isPaused(_:)`` has changed.
        case gate(TopicPartition)
        /// So many records of a revoked partition will not end here.
        case abandon(TopicPartition, epoch: UInt64, records: Int)
        /// ``DeliveryScheduler/breakers`` has changed.
        case breaker(Recipient, BreakerTurn)
    }

    private enum Sleeper: Sendable {
        case keyQueue(QueueID)
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
    private var queuesByPartition: [TopicPartition: PartitionQueues] = [:]
    private var recipients: [Recipient: RecipientState] = [:]
    private var announcementQuota: AnnouncementQuota
    private var alarms = Heap<Alarm>()
    private var armed: NIODeadline?
    private var stamps: UInt64 = 0

    init(_ limits: Limits) {
        self.limits = limits
        announcementQuota = AnnouncementQuota(limits.announcementQuota)
    }

    /// Records held, under way included.
    private(set) var held = 0

    /// The recipients that are not called, or only to see whether they are back.
    private(set) var breakers: [Recipient: BreakerReading] = [:]

    /// Recipients of which anything is known.
    var known: Int { recipients.count }

    /// Whether reading of this partition is to pause.
    func isPaused(_ partition: TopicPartition) -> Bool { queuesByPartition[partition]?.isPaused ?? false }

    /// Records under way to a recipient.
    func running(_ recipient: Recipient) -> Int { recipients[recipient]?.running ?? 0 }

    /// Announcements to a recipient that are held, under way included.
    func announcements(_ recipient: Recipient) -> Int { announcementQuota.records(recipient) }

    // MARK: What happened

    /// These partitions are ours from now on.
    @discardableResult
    mutating func assign(_ partitions: [TopicPartition], epoch: UInt64) -> [Action] {
        let actions = revoke(partitions)
        for partition in partitions { queuesByPartition[partition] = PartitionQueues(epoch: epoch) }
        return actions
    }

    /// These partitions are no longer ours: nothing of them is started any more. What is under way may still end.
    @discardableResult
    mutating func revoke(_ partitions: [TopicPartition]) -> [Action] {
        var actions: [Action] = []
        for partition in partitions {
            guard let partitionQueues = queuesByPartition.removeValue(forKey: partition) else { continue }
            held -= partitionQueues.records
            var waiting = partitionQueues.records
            var shares: [Recipient: Int] = [:]
            for keyQueue in partitionQueues.scheduler.values {
                if keyQueue.phase == .running { waiting -= 1 }
                for pending in keyQueue.queue {
                    shares[pending.recipient, default: 0] += 1
                    if pending.supersession != nil { announcementQuota.remove(pending.recipient, bytes: pending.bytes) }
                }
            }
            if waiting > 0 { actions.append(.abandon(partition, epoch: partitionQueues.epoch, records: waiting)) }
            for (recipient, records) in shares {
                recipients[recipient]?.leave(partition, records: records)
                if recipients[recipient]?.isEmpty == true { forget(recipient, &actions) }
            }
        }
        return actions
    }

    /// A record was read.
    mutating func add(_ pending: PendingRecord<Payload>, now: NIODeadline) -> [Action] {
        guard queuesByPartition[pending.partition]?.epoch == pending.epoch else { return [] }
        let id = QueueID(pending)
        let replaced = pending.supersession.map { waiting(in: id, replacedBy: $0) } ?? []
        if pending.supersession != nil {
            let leaving = (records: replaced.count, bytes: replaced.reduce(0) { $0 + $1.bytes })
            guard announcementQuota.hasRoom(pending.recipient, bytes: pending.bytes, leaving: leaving) else {
                return [.finish(pending, .dropped(.overQuota))]
            }
        }
        let wasIdle = withQueue(id) { keyQueue in
            keyQueue.queue.removeLast(replaced.count)
            if keyQueue.queue.isEmpty { keyQueue.forgetAttempts() }
            keyQueue.queue.append(pending)
            defer { if keyQueue.phase == .idle { keyQueue.phase = .ready } }
            return keyQueue.phase == .idle
        }
        var actions: [Action] = []
        for earlier in replaced { finish(earlier, .replaced, &actions) }
        weigh(pending, 1, &actions)
        if wasIdle {
            recipients[pending.recipient]?.add(id, isDeadLetter: false)
            start(pending.recipient, now: now, &actions)
            arm(&actions)
        }
        return actions
    }

    /// An errand came back. Every errand must, exactly once.
    /// - Parameter jitter: from -1 to 1, fresh for every call.
    mutating func complete(_ attempt: DeliveryAttempt<Payload>, _ result: AttemptResult, now: NIODeadline, jitter: Double) -> [Action] {
        let pending = attempt.pending
        recipients[pending.recipient]?.end(attempt.permit, result.outcome, now: now, jitter: jitter)
        var actions: [Action] = []
        guard queuesByPartition[pending.partition]?.epoch == pending.epoch else {
            // After a revocation the end still counts, if the consumer is quick enough to commit it; a failure does not: the next owner
            // tries.
            if case .ended(let ending) = result {
                actions.append(.finish(pending, ending))
            } else {
                actions.append(.abandon(pending.partition, epoch: pending.epoch, records: 1))
            }
            start(pending.recipient, now: now, &actions)
            arm(&actions)
            return actions
        }
        let id = QueueID(pending)
        switch result {
        case .ended(let ending): advance(id, past: pending, ending, &actions)
        case .failed(let last, let after):
            withQueue(id) { $0.tried(last) }
            retry(id, pending, after: after ?? .zero, now: now, jitter: jitter, &actions)
        case .lacking(let last):
            withQueue(id) { $0.tried(last) }
            retry(id, pending, after: .zero, now: now, jitter: jitter, &actions)
        case .hindered: retry(id, pending, after: .zero, now: now, jitter: jitter, &actions)
        case .postponed: wait(id, until: now + Self.postponement)
        case .limited(let until):
            withQueue(id) { $0.isOver = true }
            wait(id, until: until)
        case .deadLetterFailed(let deadLetter):
            withQueue(id) { $0.deadLetter = deadLetter }
            wait(id, after: .zero, now: now, jitter: jitter)
        }
        start(pending.recipient, now: now, &actions)
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
            case .keyQueue(let id):
                guard queuesByPartition[id.partition]?.epoch == id.epoch,
                    let keyQueue = queuesByPartition[id.partition]?.scheduler[id.name],
                    keyQueue.phase == .waiting(stamp: alarm.stamp), let recipient = keyQueue.queue.first?.recipient
                else { continue }
                withQueue(id) { $0.phase = .ready }
                recipients[recipient]?.add(id, isDeadLetter: keyQueue.deadLetter != nil || keyQueue.isOver)
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
            guard queuesByPartition[id.partition]?.epoch == id.epoch, let keyQueue = queuesByPartition[id.partition]?.scheduler[id.name],
                keyQueue.phase == .ready,
                let pending = keyQueue.queue.first
            else {
                recipients[recipient]?.end(permit, .unused, now: now, jitter: 0)
                continue
            }
            withQueue(id) { $0.phase = .running }
            actions.append(
                .run(
                    DeliveryAttempt(
                        pending: pending, attempts: keyQueue.attempts, last: keyQueue.last, deadLetter: keyQueue.deadLetter, permit: permit)
                ))
        }
        guard let outlook = recipients[recipient]?.settle(now: now) else { return }
        if let alarm = outlook.alarm { wake(.recipient(recipient), at: alarm) }
        if outlook.isOver { return forget(recipient, &actions) }
        if let state = recipients[recipient]?.state, state != .closed {
            breakers[recipient, default: BreakerReading(state: state, since: now)].state = state
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

    private mutating func advance(_ id: QueueID, past pending: PendingRecord<Payload>, _ ending: DeliveryOutcome, _ actions: inout [Action])
    {
        let isEmpty = withQueue(id) { keyQueue in
            keyQueue.queue.removeFirst()
            keyQueue.forgetAttempts()
            if ending.isAnswer { keyQueue.failures = 0 }
            keyQueue.phase = keyQueue.queue.isEmpty ? .idle : .ready
            return keyQueue.queue.isEmpty
        }
        if isEmpty {
            queuesByPartition[id.partition]?.scheduler[id.name] = nil
        } else {
            recipients[pending.recipient]?.add(id, isDeadLetter: false)
        }
        finish(pending, ending, &actions)
    }

    /// The records at the end of a lane that need not be sent if `supersession` comes behind them; nothing else lies between.
    private func waiting(in id: QueueID, replacedBy supersession: Supersession) -> [PendingRecord<Payload>] {
        guard let keyQueue = queuesByPartition[id.partition]?.scheduler[id.name] else { return [] }
        return Array(
            keyQueue.queue.dropFirst(keyQueue.phase == .running ? 1 : 0).reversed().prefix { supersession.replaces($0.supersession) })
    }

    /// The head waits; if the record behind it makes it unnecessary, that one waits in its stead: it is not tried sooner than the one it
    /// replaces would have been.
    private mutating func retry(
        _ id: QueueID, _ pending: PendingRecord<Payload>, after: TimeAmount, now: NIODeadline, jitter: Double, _ actions: inout [Action]
    ) {
        wait(id, after: after, now: now, jitter: jitter)
        let isReplaced = withQueue(id) { keyQueue in
            guard keyQueue.isHeadReplaced else { return false }
            keyQueue.queue.removeFirst()
            keyQueue.forgetAttempts()
            return true
        }
        if isReplaced { finish(pending, .replaced, &actions) }
    }

    private mutating func wait(_ id: QueueID, after: TimeAmount, now: NIODeadline, jitter: Double) {
        let backoff = limits.backoff
        let delay = withQueue(id) { keyQueue in
            keyQueue.failures += 1
            return max(backoff.delay(failures: keyQueue.failures, jitter: jitter), after)
        }
        wait(id, until: now + delay)
    }

    private mutating func wait(_ id: QueueID, until due: NIODeadline) {
        let stamp = wake(.keyQueue(id), at: due)
        withQueue(id) { $0.phase = .waiting(stamp: stamp) }
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
    private mutating func finish(_ pending: PendingRecord<Payload>, _ ending: DeliveryOutcome, _ actions: inout [Action]) {
        actions.append(.finish(pending, ending))
        weigh(pending, -1, &actions)
    }

    /// - Parameter sign: 1 for a record that comes, -1 for one that goes.
    private mutating func weigh(_ pending: PendingRecord<Payload>, _ sign: Int, _ actions: inout [Action]) {
        guard var partitionQueues = queuesByPartition.removeValue(forKey: pending.partition) else { return }
        defer { queuesByPartition[pending.partition] = partitionQueues }
        partitionQueues.records += sign
        held += sign
        recipients[pending.recipient, default: RecipientState(limits.breaker)].held += sign
        guard pending.supersession == nil else {
            return sign > 0
                ? announcementQuota.add(pending.recipient, bytes: pending.bytes)
                : announcementQuota.remove(pending.recipient, bytes: pending.bytes)
        }
        partitionQueues.bytes += sign * pending.bytes
        let isPaused = partitionQueues.bytes > (partitionQueues.isPaused ? limits.bytesPerPartition / 2 : limits.bytesPerPartition)
        guard isPaused != partitionQueues.isPaused else { return }
        partitionQueues.isPaused = isPaused
        actions.append(.gate(pending.partition))
    }

    /// Asks for one alarm at the earliest time anything is due.
    private mutating func arm(_ actions: inout [Action]) {
        guard let due = alarms.min?.due, armed.map({ due < $0 }) ?? true else { return }
        armed = due
        actions.append(.alarm(due))
    }

    /// In place; the shelf must exist.
    private mutating func withQueue<Result>(_ id: QueueID, _ change: (inout KeyQueue) -> Result) -> Result {
        change(&queuesByPartition[id.partition, default: PartitionQueues(epoch: id.epoch)].scheduler[id.name, default: KeyQueue()])
    }
}
