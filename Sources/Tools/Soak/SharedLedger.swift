import Synchronization
import Testbed

/// The ledger that all tasks and event loops of a run write into, with the run's clock.
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

    /// Since the run began.
    var time: Duration { ContinuousClock.now - start }

    /// Writes something down, with the time at which it is.
    func note(_ change: (inout Ledger, Duration) -> Void) {
        let settled = state.withLock { state in
            // Taken under the lock: times in the ledger do not run backwards.
            change(&state.ledger, time)
            return state.ledger.waiting == 0 ? state.settled : nil
        }
        settled?.finish()
    }

    /// A process of this role was killed, or has come back.
    func disturbed(_ role: String) {
        guard let worker = Ledger.Worker(rawValue: role) else { return }
        note { ledger, _ in ledger.disturbed(worker) }
    }

    /// Copies that are owed and have not ended.
    var waiting: Int { state.withLock { $0.ledger.waiting } }

    var balance: Balance {
        let ledger = state.withLock { $0.ledger }
        return ledger.balance(at: time)
    }

    func missing(limit: Int) -> [String] {
        let ledger = state.withLock { $0.ledger }
        return ledger.missing(limit: limit)
    }

    /// Waits until nothing is owed any more. False if that takes longer than `limit`, or if cancelled.
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
