import Synchronization
import Testbed

/// The ledger that all tasks and event loops of a run write to, with the run's clock.
final class SharedLedger: Sendable {
    private struct State {
        var ledger: Ledger
        var settled: AsyncStream<Void>.Continuation?
    }

    private let start = ContinuousClock.now
    private let state: Mutex<State>

    init(_ ledger: Ledger) {
        state = Mutex(State(ledger: ledger))
    }

    /// Time since the start of the run.
    var time: Duration { ContinuousClock.now - start }

    /// Changes the ledger, with the current time.
    func note(_ change: (inout Ledger, Duration) -> Void) {
        let settled = state.withLock { state in
            // The time is taken under the lock, so that times in the ledger ascend.
            change(&state.ledger, time)
            return state.ledger.waiting == 0 ? state.settled : nil
        }
        settled?.finish()
    }

    /// A process of this role was killed or restarted.
    func restarted(_ role: String) {
        guard let worker = Ledger.Worker(rawValue: role) else { return }
        note { ledger, _ in ledger.restarted(worker) }
    }

    /// Expected copies without an outcome.
    var waiting: Int { state.withLock { $0.ledger.waiting } }

    var balance: Balance {
        let ledger = state.withLock { $0.ledger }
        return ledger.balance(at: time)
    }

    func missing(limit: Int) -> [String] {
        let ledger = state.withLock { $0.ledger }
        return ledger.missing(limit: limit)
    }

    /// Waits until no copy is waiting. Returns false after `limit`, or if cancelled.
    func settles(within limit: Duration) async -> Bool {
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        let isSettled = state.withLock { state in
            state.settled = continuation
            return state.ledger.waiting == 0
        }
        if isSettled { continuation.finish() }
        await stream.ends(within: limit)
        return waiting == 0
    }
}
