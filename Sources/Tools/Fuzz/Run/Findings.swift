import Synchronization

/// The faults found by all connections.
final class Findings: Sendable {
    /// Maximum number of faults kept of each kind.
    private static let most = 5
    private let state = Mutex<(kept: [FuzzFinding], count: Int, perWhat: [String: Int])>(([], 0, [:]))
    private let crashes = Mutex<Set<String>>([])

    func note(_ finding: FuzzFinding) {
        state.withLock { state in
            state.count += 1
            state.perWhat[finding.what, default: 0] += 1
            if state.perWhat[finding.what, default: 0] <= Self.most { state.kept.append(finding) }
        }
    }

    func note(_ what: String, kind: String = "the node as a whole", input: String = "") {
        note(FuzzFinding(surface: nil, number: nil, kind: kind, what: what, input: input))
    }

    /// Whether the end of a process has not been recorded yet.
    func isNew(crash: String) -> Bool { crashes.withLock { $0.insert(crash).inserted } }

    var kept: [FuzzFinding] { state.withLock { $0.kept } }
    var count: Int { state.withLock { $0.count } }
}
