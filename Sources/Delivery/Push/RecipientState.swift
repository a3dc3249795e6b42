import DequeModule
import Directory
import Kafka
import NIOCore

/// The running and ready key queues of one recipient and its breaker. A value without clock or lock.
struct RecipientState: Sendable {
    /// What the scheduler must do after an event.
    struct Effects: Sendable {
        /// How the breaker changed, if it did.
        var transition: BreakerTransition?
        /// When to look again; nil if no new alarm is needed.
        var alarm: NIODeadline?
        /// The state of the recipient can be removed.
        var isRemovable = false
    }

    /// The number of running records.
    private(set) var running = 0
    /// The number of records held, running ones included.
    var held = 0
    private var calls = Deque<QueueID>()
    /// Key queues whose head is a dead letter. No call is made for them, so the breaker is not asked.
    private var deadLetters = Deque<QueueID>()
    private var breaker: Breaker
    private let window: TimeAmount
    /// The state that was last reported.
    private var reported = BreakerState.closed
    private var alarm: NIODeadline?

    init(_ settings: Breaker.Settings) {
        breaker = Breaker(settings)
        window = settings.window
    }

    var state: BreakerState { breaker.state }

    /// Whether no record is held or running.
    var isEmpty: Bool { held == 0 && running == 0 }

    /// A key queue is ready to start.
    mutating func add(_ keyQueue: QueueID, isDeadLetter: Bool) {
        if isDeadLetter { deadLetters.append(keyQueue) } else { calls.append(keyQueue) }
    }

    /// The next key queue to start, with the permit if a call will be made; nil if none may start.
    mutating func next(limit: Int, now: NIODeadline) -> (keyQueue: QueueID, permit: Breaker.Permit?)? {
        guard running < limit else { return nil }
        if let keyQueue = deadLetters.popFirst() {
            running += 1
            return (keyQueue, nil)
        }
        guard !calls.isEmpty, let permit = breaker.permit(now: now), let keyQueue = calls.popFirst() else { return nil }
        running += 1
        return (keyQueue, permit)
    }

    /// A running record has ended.
    mutating func end(_ permit: Breaker.Permit?, _ outcome: Breaker.Outcome, now: NIODeadline, jitter: Double) {
        running -= 1
        if let permit { breaker.give(back: permit, outcome, now: now, jitter: jitter) }
    }

    /// A partition with this number of the recipient's records was revoked.
    mutating func leave(_ partition: TopicPartition, records: Int) {
        held -= records
        calls.removeAll { $0.partition == partition }
        deadLetters.removeAll { $0.partition == partition }
    }

    /// The alarm for this time has fired.
    mutating func alarmFired(_ due: NIODeadline) {
        if alarm == due { alarm = nil }
    }

    /// Computes what follows from an event. Called last.
    mutating func settle(now: NIODeadline) -> Effects {
        var effects = Effects()
        let state = breaker.state
        if isEmpty {
            // Without records, an open breaker can make no probe that would close it, so it is removed.
            guard state == .closed, !breaker.isForgettable(now: now) else {
                effects.isRemovable = true
                return effects
            }
            effects.alarm = alarm(at: now + window)
        } else if !calls.isEmpty, let reopening = breaker.reopening, reopening > now {
            effects.alarm = alarm(at: reopening)
        }
        if reported == .closed, state != .closed { effects.transition = .opened }
        if reported != .closed, state == .closed { effects.transition = .closed }
        reported = state
        return effects
    }

    private mutating func alarm(at due: NIODeadline) -> NIODeadline? {
        if let alarm, alarm <= due { return nil }
        alarm = due
        return due
    }
}
