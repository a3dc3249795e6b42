import Synchronization

/// A pause that ends early on a hint. One task waits; any thread may give hints.
final class HintedPause: Sendable {
    private struct State {
        var isHinted = false
        /// Ends the current pause. Every pause has its own stream, because a stream ends when a task that waits for it is cancelled.
        var wake: AsyncStream<Void>.Continuation?
    }

    private let state = Mutex(State())

    /// Ends the current pause, or the next one at once.
    func hint() {
        let wake = state.withLock { state in
            state.isHinted = true
            return state.wake
        }
        wake?.finish()
    }

    /// Waits for `time`, a hint, or cancellation.
    /// - Returns: whether there was a hint since the previous pause ended.
    func wait(for time: Duration) async -> Bool {
        let (woken, wake) = AsyncStream<Void>.makeStream()
        let isHinted = state.withLock { state in
            state.wake = wake
            return state.isHinted
        }
        if !isHinted {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { try? await Task.sleep(for: time) }
                group.addTask { for await _ in woken {} }
                await group.next()
                group.cancelAll()
            }
        }
        return state.withLock { state in
            defer { state.isHinted = false }
            return state.isHinted
        }
    }
}
