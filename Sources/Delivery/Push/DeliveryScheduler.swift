import DequeModule
import Directory
import HeapModule
import Kafka
import NIOCore

/// Decides which record is sent when. A value that receives events and returns actions: no I/O, no clock, no lock.
///
/// A key queue holds the records of one object of one recipient. One record of a key queue is sent at a time. Key queues run in parallel up
/// to the recipient's limit, in the order in which they became ready, as far as the recipient's ``Breaker`` permits. A failed record waits
/// at the head of its key queue with growing delay, and only its key queue waits.
///
/// Copies wait without limit of number; the bytes that they hold make reading of their partition pause. This also bounds the memory for a
/// recipient whose breaker is open to `bytesPerPartition`. Announcements never make reading pause: a newer announcement for the same URL
/// replaces those that wait directly before it, and new ones for a recipient whose quota is used up are dropped.
struct DeliveryScheduler<Payload: Sendable>: Sendable {
    struct Limits: Sendable {
        /// Maximum number of running records per recipient.
        var perRecipient: Int
        /// Maximum bytes of copies held per partition before reading pauses. Reading continues at half of it.
        var bytesPerPartition: Int
        /// Quota of waiting announcements.
        var announcementQuota: AnnouncementQuota.Limits
        var backoff: Backoff
        var breaker = Breaker.Settings()
    }

    enum Action: Sendable {
        case run(DeliveryAttempt<Payload>)
        case finish(PendingRecord<Payload>, DeliveryOutcome)
        /// Call ``DeliveryScheduler/wake(now:)`` at this time.
        case alarm(NIODeadline)
        /// ``DeliveryScheduler/isPaused(_:)`` has changed.
        case pauseChanged(TopicPartition)
        /// This number of records of a revoked partition will not be finished here.
        case abandon(TopicPartition, epoch: UInt64, records: Int)
        /// ``DeliveryScheduler/breakers`` has changed.
        case breaker(Recipient, BreakerTransition)
    }

    private enum Waiter: Sendable {
        case keyQueue(QueueID)
        case recipient(Recipient)
    }

    private struct Alarm: Comparable, Sendable {
        let due: NIODeadline
        let stamp: UInt64
        let waiter: Waiter
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

    /// The number of records held, running ones included.
    private(set) var held = 0

    /// The recipients whose breaker is not closed.
    private(set) var breakers: [Recipient: BreakerReading] = [:]

    /// The number of recipients that state is kept for.
    var known: Int { recipients.count }

    /// Whether reading of this partition must pause.
    func isPaused(_ partition: TopicPartition) -> Bool { queuesByPartition[partition]?.isPaused ?? false }

    /// The number of running records of a recipient.
    func running(_ recipient: Recipient) -> Int { recipients[recipient]?.running ?? 0 }

    /// The number of announcements held for a recipient, running ones included.
    func announcements(_ recipient: Recipient) -> Int { announcementQuota.records(recipient) }

    // MARK: Events

    /// These partitions are assigned to this worker from now on.
    @discardableResult
    mutating func assign(_ partitions: [TopicPartition], epoch: UInt64) -> [Action] {
        let actions = revoke(partitions)
        for partition in partitions { queuesByPartition[partition] = PartitionQueues(epoch: epoch) }
        return actions
    }

    /// These partitions are revoked: no record of them is started any more. Running ones may still end.
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
        count(pending, 1, &actions)
        if wasIdle {
            recipients[pending.recipient]?.add(id, isDeadLetter: false)
            start(pending.recipient, now: now, &actions)
            arm(&actions)
        }
        return actions
    }

    /// A delivery attempt has ended. Every attempt must be completed exactly once.
    /// - Parameter jitter: from -1 to 1, random for every call.
    mutating func complete(_ attempt: DeliveryAttempt<Payload>, _ result: AttemptResult, now: NIODeadline, jitter: Double) -> [Action] {
        let pending = attempt.pending
        recipients[pending.recipient]?.end(attempt.permit, result.outcome, now: now, jitter: jitter)
        var actions: [Action] = []
        guard queuesByPartition[pending.partition]?.epoch == pending.epoch else {
            // After a revocation an outcome still counts, in case the consumer can commit it in time. A failure does not count: the next
            // owner of the partition tries again.
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
        case .moduleMissing(let last):
            withQueue(id) { $0.tried(last) }
            retry(id, pending, after: .zero, now: now, jitter: jitter, &actions)
        case .hindered: retry(id, pending, after: .zero, now: now, jitter: jitter, &actions)
        case .postponed: wait(id, until: now + Self.postponement)
        case .limited(let until):
            withQueue(id) { $0.isHeadExpired = true }
            wait(id, until: until)
        case .deadLetterFailed(let deadLetter):
            withQueue(id) { $0.deadLetter = deadLetter }
            wait(id, after: .zero, now: now, jitter: jitter)
        }
        start(pending.recipient, now: now, &actions)
        arm(&actions)
        return actions
    }

    /// Starts key queues whose delay is over, and calls recipients whose breaker permits it again.
    mutating func wake(now: NIODeadline) -> [Action] {
        if let armed, armed <= now { self.armed = nil }
        var actions: [Action] = []
        while let alarm = alarms.min, alarm.due <= now {
            alarms.removeMin()
            switch alarm.waiter {
            case .recipient(let recipient):
                recipients[recipient]?.alarmFired(alarm.due)
                start(recipient, now: now, &actions)
            case .keyQueue(let id):
                guard queuesByPartition[id.partition]?.epoch == id.epoch,
                    let keyQueue = queuesByPartition[id.partition]?.scheduler[id.name],
                    keyQueue.phase == .waiting(stamp: alarm.stamp), let recipient = keyQueue.queue.first?.recipient
                else { continue }
                withQueue(id) { $0.phase = .ready }
                recipients[recipient]?.add(id, isDeadLetter: keyQueue.deadLetter != nil || keyQueue.isHeadExpired)
                start(recipient, now: now, &actions)
            }
        }
        arm(&actions)
        return actions
    }

    // MARK: Actions

    /// Starts ready key queues, as far as the recipient's limit and breaker allow. Every start goes through here.
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
        guard let effects = recipients[recipient]?.settle(now: now) else { return }
        if let alarm = effects.alarm { wake(.recipient(recipient), at: alarm) }
        if effects.isRemovable { return forget(recipient, &actions) }
        if let state = recipients[recipient]?.state, state != .closed {
            breakers[recipient, default: BreakerReading(state: state, since: now)].state = state
        } else {
            breakers[recipient] = nil
        }
        if let transition = effects.transition { actions.append(.breaker(recipient, transition)) }
    }

    /// Removes the state of a recipient that nothing is held for.
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

    /// The announcements at the end of a key queue that `supersession` replaces if it is appended.
    private func waiting(in id: QueueID, replacedBy supersession: Supersession) -> [PendingRecord<Payload>] {
        guard let keyQueue = queuesByPartition[id.partition]?.scheduler[id.name] else { return [] }
        return Array(
            keyQueue.queue.dropFirst(keyQueue.phase == .running ? 1 : 0).reversed().prefix { supersession.replaces($0.supersession) })
    }

    /// The head waits for its next attempt. If the record behind it replaces the head, that record waits instead, for the same delay.
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
    private mutating func wake(_ waiter: Waiter, at due: NIODeadline) -> UInt64 {
        stamps += 1
        alarms.insert(Alarm(due: due, stamp: stamps, waiter: waiter))
        return stamps
    }

    /// The interval at which a paused outbox is checked.
    private static var postponement: TimeAmount { .seconds(1) }

    /// A record has left its key queue.
    private mutating func finish(_ pending: PendingRecord<Payload>, _ ending: DeliveryOutcome, _ actions: inout [Action]) {
        actions.append(.finish(pending, ending))
        count(pending, -1, &actions)
    }

    /// - Parameter sign: 1 for an added record, -1 for a removed one.
    private mutating func count(_ pending: PendingRecord<Payload>, _ sign: Int, _ actions: inout [Action]) {
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
        actions.append(.pauseChanged(pending.partition))
    }

    /// Requests one alarm for the earliest time at which something is due.
    private mutating func arm(_ actions: inout [Action]) {
        guard let due = alarms.min?.due, armed.map({ due < $0 }) ?? true else { return }
        armed = due
        actions.append(.alarm(due))
    }

    /// Changes a key queue in place. Its partition must be assigned.
    private mutating func withQueue<Result>(_ id: QueueID, _ change: (inout KeyQueue) -> Result) -> Result {
        change(&queuesByPartition[id.partition, default: PartitionQueues(epoch: id.epoch)].scheduler[id.name, default: KeyQueue()])
    }
}
