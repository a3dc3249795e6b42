import Synchronization

/// The bytes of answers that wait until clients take them, on all connections of a listener together, and of each client a part of them, so
/// that nobody alone shuts the others out. Thread-safe.
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
    ///   - limit: most bytes; of one client a quarter of them.
    ///   - report: told of each change.
    init(limit: Int, report: @escaping @Sendable (Int) -> Void = { _ in }) {
        self.limit = limit
        share = limit / 4
        self.report = report
    }

    /// So many bytes more, or fewer, wait for this client; `false` when that is more than there is room for, at all or for it. They count all
    /// the same until they are taken back.
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

    /// Whether one more answer of that length fits, at all and for this client.
    /// - Parameter client: asked for only if answers wait, which is rare.
    package func hasRoom(for bytes: Int, of client: @autoclosure () -> String) -> Bool {
        let held = state.withLock { $0.held }
        guard held > 0 else { return bytes <= limit }
        let client = client()
        return state.withLock { $0.held <= limit - bytes && $0.byClient[client] ?? 0 <= max(0, share - bytes) }
    }
}
