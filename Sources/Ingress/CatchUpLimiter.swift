import NIOCore
import Synchronization

/// Limits how often unauthenticated callers make this process read the newest state from Kafka. A party that has just registered through
/// another process needs such a read; a flood of invented tokens must not cause one each.
///
/// One read runs at a time, and callers that arrive meanwhile wait for it. Further reads need a token of a token bucket. Thread-safe; no
/// continuation is resumed under the lock.
final class CatchUpLimiter: Sendable {
    /// The result of a request to catch up.
    enum Outcome: Sendable, Equatable {
        /// A read that started after the request has ended: the state is at least as new as the request.
        case fresh
        /// A read has ended that may have started before the request.
        case joined
        /// The rate limit is reached.
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
    ///   - perSecond: tokens added per second, and capacity of the bucket.
    ///   - now: the time at which the bucket is full.
    init(perSecond: Int, now: NIODeadline = .now()) {
        capacity = Int64(max(1, perSecond))
        nanosecondsPerPermit = 1_000_000_000 / capacity
        state = Mutex(State(permits: capacity, filledAt: now))
    }

    /// Reads the state, waits for a running read, or refuses.
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
