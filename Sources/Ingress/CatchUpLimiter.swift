import NIOCore
import Synchronization

/// Lets strangers make this process ask Kafka for the newest state, but not often: a party that registered elsewhere a moment ago is
/// worth the question, a flood of made-up tokens is not.
///
/// One question runs at a time and whoever comes meanwhile waits for it; further ones need a permit from a bucket that fills up again
/// with time. Thread-safe; nobody is resumed under the lock.
final class CatchUpLimiter: Sendable {
    /// What became of a wish to catch up.
    enum Outcome: Sendable, Equatable {
        /// Asked after the wish: the state is at least as new as the wish.
        case fresh
        /// Waited for a question that may have been asked before the wish.
        case joined
        /// Too many wishes.
        case refused
    }

    private struct State {
        var permits: Int64
        var filledAt: NIODeadline
        var isAsking = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let capacity: Int64
    private let nanosecondsPerPermit: Int64
    private let state: Mutex<State>

    /// - Parameters:
    ///   - perSecond: permits that come back each second, and that can be saved up.
    ///   - now: the time the bucket is full at.
    init(perSecond: Int, now: NIODeadline = .now()) {
        capacity = Int64(max(1, perSecond))
        nanosecondsPerPermit = 1_000_000_000 / capacity
        state = Mutex(State(permits: capacity, filledAt: now))
    }

    /// Asks, waits for somebody else's question, or declines.
    func run(now: NIODeadline = .now(), _ ask: () async -> Void) async -> Outcome {
        switch begin(now) {
        case .refused: return .refused
        case .joined:
            await withCheckedContinuation { waiter in
                let isParked = state.withLock { state in
                    if state.isAsking { state.waiting.append(waiter) }
                    return state.isAsking
                }
                if !isParked { waiter.resume() }
            }
            return .joined
        case .fresh:
            await ask()
            let waiting = state.withLock { state in
                state.isAsking = false
                defer { state.waiting = [] }
                return state.waiting
            }
            for waiter in waiting { waiter.resume() }
            return .fresh
        }
    }

    private func begin(_ now: NIODeadline) -> Outcome {
        state.withLock { state in
            guard !state.isAsking else { return .joined }
            let earned = max(0, (now - state.filledAt).nanoseconds / nanosecondsPerPermit)
            if earned > 0 {
                state.permits = min(capacity, state.permits + min(earned, capacity))
                state.filledAt = now
            }
            guard state.permits > 0 else { return .refused }
            state.permits -= 1
            state.isAsking = true
            return .fresh
        }
    }
}
