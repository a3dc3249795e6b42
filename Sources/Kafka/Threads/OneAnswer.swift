import Synchronization

/// An answer to one waiting caller from several possible sources; the first one counts.
final class OneAnswer<Value: Sendable>: Sendable {
    private enum State {
        case open
        case awaited(CheckedContinuation<Value, Never>)
        case given(Value)
        case over
    }

    private let state = Mutex(State.open)

    /// Gives an answer; ignored if there was one. Any thread.
    func give(_ value: Value) {
        let waiter: CheckedContinuation<Value, Never>? = state.withLock { state in
            switch state {
            case .open:
                state = .given(value)
                return nil
            case .awaited(let waiter):
                state = .over
                return waiter
            case .given, .over: return nil
            }
        }
        waiter?.resume(returning: value)
    }

    /// Waits for the answer. Once only.
    var value: Value {
        get async {
            await withCheckedContinuation { continuation in
                let given: Value? = state.withLock { state in
                    guard case .given(let value) = state else {
                        state = .awaited(continuation)
                        return nil
                    }
                    state = .over
                    return value
                }
                if let given { continuation.resume(returning: given) }
            }
        }
    }
}
