import Dispatch
import Synchronization

/// The position of a follower, and the waiters for later positions.
final class FollowerProgress: Sendable {
    /// The position of a follower at some moment.
    struct Mark {
        let position: Int64
        let restarts: Int
    }

    /// The position that a waiter needs.
    private struct Goal {
        /// nil: the end, for the first time.
        let offset: Int64?
        /// The log must have restarted more often than this.
        var restarts = -1
    }

    private struct Waiter {
        let goal: Goal
        let wake: @Sendable (Bool) -> Void
    }
    private struct State {
        var position: Int64 = 0
        var hasReachedEnd = false
        var restarts = 0
        /// Whether the records read now are collected and not used before the end is reached.
        var isGathering = false
        var isClosed = false
        var nextID = 0
        var waiters: [Int: Waiter] = [:]

        func isReached(_ goal: Goal) -> Bool {
            guard let offset = goal.offset else { return hasReachedEnd }
            return !isGathering && restarts > goal.restarts && position >= offset
        }
    }

    private let state = Mutex(State())

    var position: Int64 { state.withLock { $0.position } }

    /// The present position; take it before Kafka is queried for the end.
    var mark: Mark { state.withLock { Mark(position: $0.position, restarts: $0.restarts) } }

    /// Notes that the log is read again from its beginning: none of it is applied until its end is reached.
    func restart() {
        state.withLock { state in
            state.position = 0
            state.restarts += 1
            state.isGathering = true
        }
    }

    func advance(to position: Int64, atEnd: Bool) {
        let woken = state.withLock { state -> [@Sendable (Bool) -> Void] in
            if state.isGathering, !atEnd { return [] }
            state.isGathering = false
            state.position = max(state.position, position)
            if atEnd { state.hasReachedEnd = true }
            let reached = state.waiters.filter { state.isReached($0.value.goal) }
            for id in reached.keys { state.waiters[id] = nil }
            return reached.values.map(\.wake)
        }
        for wake in woken { wake(true) }
    }

    func close() {
        let woken = state.withLock { state in
            state.isClosed = true
            defer { state.waiters = [:] }
            return state.waiters.values.map(\.wake)
        }
        for wake in woken { wake(false) }
    }

    /// Registers `wake`, which is called once; returns the answer at once if there is one, else the waiter's id.
    private func register(_ goal: Goal, _ wake: @escaping @Sendable (Bool) -> Void) -> (answer: Bool?, id: Int) {
        state.withLock { state in
            if state.isReached(goal) { return (true, 0) }
            if state.isClosed { return (false, 0) }
            state.nextID += 1
            state.waiters[state.nextID] = Waiter(goal: goal, wake: wake)
            return (nil, state.nextID)
        }
    }

    private func giveUp(_ id: Int) {
        let waiter = state.withLock { $0.waiters.removeValue(forKey: id) }
        waiter?.wake(false)
    }

    /// An end below the position at the time of the query belongs to a log that was created again, which the reader has not noticed yet.
    private func goal(_ end: Int64?, _ mark: Mark?) -> Goal {
        guard let end, let mark, end < mark.position else { return Goal(offset: end) }
        return Goal(offset: end, restarts: mark.restarts)
    }

    /// - Parameters:
    ///   - offset: nil to wait until the end was reached once.
    ///   - mark: the position before Kafka was queried for `offset`, if that is the log's end.
    func wait(for offset: Int64?, since mark: Mark? = nil, timeout: Duration) async -> Bool {
        let goal = goal(offset, mark)
        if state.withLock({ $0.isReached(goal) }) { return true }
        let waiting = Atomic(0)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (answer, id) = register(goal) { continuation.resume(returning: $0) }
                if let answer { return continuation.resume(returning: answer) }
                DispatchQueue.global().asyncAfter(deadline: .now() + timeout.dispatchInterval) { self.giveUp(id) }
                waiting.store(id, ordering: .sequentiallyConsistent)
                // The task may have been cancelled before the id was known.
                if Task.isCancelled { giveUp(id) }
            }
        } onCancel: {
            giveUp(waiting.load(ordering: .sequentiallyConsistent))
        }
    }

    func waitBlocking(for offset: Int64, since mark: Mark? = nil, timeout: Duration) -> Bool {
        let goal = goal(offset, mark)
        if state.withLock({ $0.isReached(goal) }) { return true }
        let semaphore = DispatchSemaphore(value: 0)
        let outcome = WaitOutcome()
        let (answer, id) = register(goal) { result in
            outcome.set(result)
            semaphore.signal()
        }
        if let answer { return answer }
        if semaphore.wait(timeout: .now() + timeout.dispatchInterval) == .timedOut { giveUp(id) }
        return outcome.value
    }
}

/// The answer for a blocked thread.
private final class WaitOutcome: Sendable {
    private let flag = Atomic(false)
    func set(_ value: Bool) { flag.store(value, ordering: .releasing) }
    var value: Bool { flag.load(ordering: .acquiring) }
}

extension Duration {
    /// Rounded down to microseconds, at most an hour, which no caller exceeds.
    fileprivate var dispatchInterval: DispatchTimeInterval {
        let bounded = min(max(self, .zero), .seconds(3600))
        let (seconds, attoseconds) = bounded.components
        return .microseconds(Int(seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000))
    }
}
