import Synchronization

/// The last inputs, kept in case a process ends and the causing input is not known.
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

    /// Oldest first.
    var entries: [Entry] { state.withLock { $0 } }
}
