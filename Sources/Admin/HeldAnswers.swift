import Synchronization

/// The number of delayed answers per client. It is limited, because each occupies a task and a connection. Thread-safe.
final class HeldAnswers: Sendable {
    private let perClient: Int
    private let byClient = Mutex<[String: Int]>([:])

    init(perClient: Int = 8) {
        self.perClient = perClient
    }

    /// Counts another delayed answer; `false` at the client's limit.
    func enter(_ client: String) -> Bool {
        byClient.withLock { byClient in
            guard byClient[client, default: 0] < perClient else { return false }
            byClient[client, default: 0] += 1
            return true
        }
    }

    /// A delayed answer was sent.
    func leave(_ client: String) {
        byClient.withLock { byClient in
            let left = (byClient[client] ?? 1) - 1
            byClient[client] = left > 0 ? left : nil
        }
    }
}
