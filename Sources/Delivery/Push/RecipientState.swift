import DequeModule
import Directory
import Kafka
import NIOCore

/// What is under way and what is ready for one recipient, and whether it may be called: a value without clock or lock.
struct RecipientState: Sendable {
    /// What follows from what happened.
    struct Outlook: Sendable {
        /// What the breaker did, if that is news.
        var turn: BreakerTurn?
        /// When to look again; nil if nothing new is to be waited for.
        var alarm: NIODeadline?
        /// Nothing is left that needs to be known of the recipient.
        var isOver = false
    }

    /// Records under way.
    private(set) var running = 0
    /// Records held, those under way included.
    var held = 0
    private var calls = Deque<QueueID>()
    /// Lanes whose head is given up: nobody is called for it, so no breaker is asked.
    private var deadLetters = Deque<QueueID>()
    private var breaker: Breaker
    private let window: TimeAmount
    /// As was told last.
    private var told = BreakerState.closed
    private var alarm: NIODeadline?

    init(_ settings: Breaker.Settings) {
        breaker = Breaker(settings)
        window = settings.window
    }

    var state: BreakerState { breaker.state }

    /// Nothing is held and nothing is under way.
    var isEmpty: Bool { held == 0 && running == 0 }

    /// A lane could start.
    mutating func add(_ keyQueue: QueueID, isDeadLetter: Bool) {
        if isDeadLetter { deadLetters.append(keyQueue) } else { calls.append(keyQueue) }
    }

    /// The lane that starts now, with the permit to call if there will be a call; nil if none may.
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

    /// What was under way is not any more.
    mutating func end(_ permit: Breaker.Permit?, _ outcome: Breaker.Outcome, now: NIODeadline, jitter: Double) {
        running -= 1
        if let permit { breaker.give(back: permit, outcome, now: now, jitter: jitter) }
    }

    /// A partition with so many records of the recipient is not ours any more.
    mutating func leave(_ partition: TopicPartition, records: Int) {
        held -= records
        calls.removeAll { $0.partition == partition }
        deadLetters.removeAll { $0.partition == partition }
    }

    /// The alarm for that time went off.
    mutating func rang(_ due: NIODeadline) {
        if alarm == due { alarm = nil }
    }

    /// Called after everything else.
    mutating func settle(now: NIODeadline) -> Outlook {
        var outlook = Outlook()
        let state = breaker.state
        if isEmpty {
            // One that is not closed has nothing left to find out with whether the recipient is back.
            guard state == .closed, !breaker.isForgettable(now: now) else {
                outlook.isOver = true
                return outlook
            }
            outlook.alarm = alarm(at: now + window)
        } else if !calls.isEmpty, let reopening = breaker.reopening, reopening > now {
            outlook.alarm = alarm(at: reopening)
        }
        if told == .closed, state != .closed { outlook.turn = .opened }
        if told != .closed, state == .closed { outlook.turn = .closed }
        told = state
        return outlook
    }

    private mutating func alarm(at due: NIODeadline) -> NIODeadline? {
        if let alarm, alarm <= due { return nil }
        alarm = due
        return due
    }
}
