import Synchronization
import Testbed

/// The tally of the round that goes on, which tasks and event loops write into, with the clock of the run.
final class RoundRecorder: Sendable {
    private struct State {
        var results = RoundResults(first: 0)
        var settled: AsyncStream<Void>.Continuation?
    }

    private let start = ContinuousClock.now
    private let state = Mutex(State())

    /// Since the run began.
    var time: Duration { ContinuousClock.now - start }

    /// The round that goes on, as it stands.
    var results: RoundResults { state.withLock { $0.results } }

    /// Begins a round; what still comes of the one before does not count.
    func begin() {
        state.withLock { $0.results = RoundResults(first: $0.results.first + $0.results.sent) }
    }

    /// Writes something down, with the time at which it is.
    func note<Answer>(_ change: (inout RoundResults, Duration) -> Answer) -> Answer {
        let time = self.time
        let (answer, settled) = state.withLock { state in
            let answer = change(&state.results, time)
            return (answer, state.results.owed == 0 ? state.settled : nil)
        }
        settled?.finish()
        return answer
    }

    /// Waits until no copy is owed. Returns how many still are if that takes longer than `limit`, or if cancelled.
    func settles(within limit: Duration) async -> Int {
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        let isSettled = state.withLock { state in
            state.settled = continuation
            return state.results.owed == 0
        }
        if isSettled { continuation.finish() }
        await stream.ends(within: limit)
        return state.withLock { $0.results.owed }
    }
}
