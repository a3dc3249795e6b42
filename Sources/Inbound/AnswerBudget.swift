import Synchronization

/// A quota for answer bytes that wait to be sent, over all connections of a listener, with a limit per client so that no single client
/// blocks the others. Thread-safe.
package final class AnswerBudget: Sendable {
    private struct State {
        var held = 0
        var byClient: [String: Int] = [:]
    }

    private let limit: Int
    private let share: Int
    private let state = Mutex(State())
    private let report: @Sendable (Int) -> Void

    /// - Parameters:
    ///   - limit: the most bytes; one client may use a quarter.
    ///   - report: called with the total after each change.
    init(limit: Int, report: @escaping @Sendable (Int) -> Void = { _ in }) {
        self.limit = limit
        share = limit / 4
        self.report = report
    }

    /// Adds or removes waiting bytes of this client; `false` when the total or the client's limit is exceeded. The bytes count in either
    /// case, until they are removed.
    func change(by bytes: Int, of client: String) -> Bool {
        let (held, own) = state.withLock { state in
            state.held += bytes
            let own = state.byClient[client, default: 0] + bytes
            state.byClient[client] = own > 0 ? own : nil
            return (state.held, own)
        }
        report(held)
        return bytes <= 0 || (held <= limit && own <= share)
    }

    /// Whether one more answer of that length fits the total and this client's limit.
    /// - Parameter client: only evaluated if answers wait, which is rare.
    package func hasRoom(for bytes: Int, of client: @autoclosure () -> String) -> Bool {
        let held = state.withLock { $0.held }
        guard held > 0 else { return bytes <= limit }
        let client = client()
        return state.withLock { $0.held <= limit - bytes && $0.byClient[client] ?? 0 <= max(0, share - bytes) }
    }
}
