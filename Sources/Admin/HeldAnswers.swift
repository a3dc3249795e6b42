import Synchronization

/// The answers that are held back at the moment, by client: of each only so many, as each is a task and a connection. Thread-safe.
final class HeldAnswers: Sendable {
    private let perClient: Int
    private let byClient = Mutex<[String: Int]>([:])

    init(perClient: Int = 8) {
        self.perClient = perClient
    }

    /// One more is to be held back; `false` when there are too many of this client.
    func enter(_ client: String) -> Bool {
        byClient.withLock { byClient in
            guard byClient[client, default: 0] < perClient else { return false }
            byClient[client, default: 0] += 1
            return true
        }
    }

    /// One has been given.
    func leave(_ client: String) {
        byClient.withLock { byClient in
            let left = (byClient[client] ?? 1) - 1
            byClient[client] = left > 0 ? left : nil
        }
    }
}
