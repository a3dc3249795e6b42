import Synchronization

/// The last inputs, for the moment when a process has ended and nobody says at which one.
final class RecentCases: Sendable {
    struct Entry: Sendable {
        let surface: Surface
        let number: Int?
        let kind: String
        let input: String
    }

    private static let most = 30
    private let state = Mutex<[Entry]>([])

    func note(_ entry: Entry) {
        state.withLock { entries in
            if entries.count == Self.most { entries.removeFirst() }
            entries.append(entry)
        }
    }

    /// The oldest first.
    var entries: [Entry] { state.withLock { $0 } }
}
