import Synchronization
import Testbed

/// The results of the current round, written by tasks and event loops, with the clock of the run.
final class RoundRecorder: Sendable {
    private struct State {
        var results = RoundResults(first: 0)
        var settled: AsyncStream<Void>.Continuation?
    }

    private let start = ContinuousClock.now
    private let state = Mutex(State())

    /// Time since the start of the run.
    var time: Duration { ContinuousClock.now - start }

    /// The current round's results so far.
    var results: RoundResults { state.withLock { $0.results } }

    /// Starts a round; later events of the previous one do not count.
    func begin() {
        state.withLock { $0.results = RoundResults(first: $0.results.first + $0.results.sent) }
    }

    /// Changes the results, with the current time.
    func note<Answer>(_ change: (inout RoundResults, Duration) -> Answer) -> Answer {
        let time = self.time
        let (answer, settled) = state.withLock { state in
            let answer = change(&state.results, time)
            return (answer, state.results.missing == 0 ? state.settled : nil)
        }
        settled?.finish()
        return answer
    }

    /// Waits until no copy is missing. Returns the number of missing ones after `limit`, or if cancelled.
    func settles(within limit: Duration) async -> Int {
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        let isSettled = state.withLock { state in
            state.settled = continuation
            return state.results.missing == 0
        }
        if isSettled { continuation.finish() }
        await stream.ends(within: limit)
        return state.withLock { $0.results.missing }
    }
}
