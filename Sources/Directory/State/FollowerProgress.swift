import Dispatch
import Synchronization

/// How far a follower got, and who waits for it to get further.
final class FollowerProgress: Sendable {
    /// Where a follower stood at some moment.
    struct Mark {
        let position: Int64
        let restarts: Int
    }

    /// What somebody waits for.
    private struct Goal {
        /// nil: the end, once.
        let offset: Int64?
        /// The log must have been told again more often than this.
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
        /// What is read now is not in use before its end is reached.
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

    /// To be taken before Kafka is asked for the end.
    var mark: Mark { state.withLock { Mark(position: $0.position, restarts: $0.restarts) } }

    /// The log is told again from its beginning: nothing of it is applied until its end is reached.
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

    /// Registers `wake`, to be called once; returns the answer at once if there is one, else the waiter's id.
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

    /// An end that lies before where we stood when it was asked for belongs to a log made anew, which the reader has yet to notice.
    private func goal(_ end: Int64?, _ mark: Mark?) -> Goal {
        guard let end, let mark, end < mark.position else { return Goal(offset: end) }
        return Goal(offset: end, restarts: mark.restarts)
    }

    /// - Parameters:
    ///   - offset: nil: until the end was reached once.
    ///   - mark: where the follower stood before Kafka was asked for `offset`, if it is the log's end.
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
                // It may have been cancelled before it could be known who waits.
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

/// The answer a blocked thread was woken with.
private final class WaitOutcome: Sendable {
    private let flag = Atomic(false)
    func set(_ value: Bool) { flag.store(value, ordering: .releasing) }
    var value: Bool { flag.load(ordering: .acquiring) }
}

extension Duration {
    /// Rounded down to microseconds, at most an hour: longer waits are nobody's intention here.
    fileprivate var dispatchInterval: DispatchTimeInterval {
        let bounded = min(max(self, .zero), .seconds(3600))
        let (seconds, attoseconds) = bounded.components
        return .microseconds(Int(seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000))
    }
}
