import Logging
import Synchronization

/// Tells how a registry source fares: what is wrong with it once, then each minute while it stays so, and that it is over.
final class SourceReport: Sendable {
    private struct State {
        var trouble: Trouble?
        var hasBeenRead = false
        var conflicts: [String] = []
    }

    private let source: String
    private let logger: Logger
    private let onReadiness: @Sendable (_ ready: Bool, _ reason: String?) -> Void
    private let state = Mutex(State())

    /// - Parameter onReadiness: told until the source was read for the first time.
    init(source: String, logger: Logger, onReadiness: @escaping @Sendable (_ ready: Bool, _ reason: String?) -> Void) {
        self.source = source
        self.logger = logger
        self.onReadiness = onReadiness
    }

    /// The source could be read and makes sense.
    func read() {
        let (isFirst, trouble) = state.withLock { state in
            defer {
                state.hasBeenRead = true
                state.trouble = nil
            }
            return (!state.hasBeenRead, state.trouble)
        }
        if isFirst { onReadiness(true, nil) }
        guard let trouble else { return }
        logger.notice("the registry can be read again", metadata: ["source": "\(source)", "refused": "\(trouble.count) times"])
    }

    func failed(_ error: RegistryError) {
        let (isFirst, telling) = state.withLock { state in
            var trouble = state.trouble.flatMap { $0.what == error ? $0 : nil } ?? Trouble(error)
            defer { state.trouble = trouble }
            return (!state.hasBeenRead, trouble.met(at: .now))
        }
        if isFirst { onReadiness(false, "\(error)") }
        let consequence = isFirst ? "nothing of it is published" : "what was published before stays in force"
        switch telling {
        case .new: logger.error("the registry is refused: \(consequence)", metadata: ["source": "\(source)", "problems": "\(error)"])
        case .still(let count):
            logger.error(
                "the registry is still refused: \(consequence)",
                metadata: ["source": "\(source)", "problems": "\(error)", "refused": "\(count) times"])
        case nil: break
        }
    }

    /// Entries that another source defines, each told when it is new.
    func conflicts(_ conflicts: [String]) {
        let new = state.withLock { state in
            defer { state.conflicts = conflicts }
            return conflicts.filter { !state.conflicts.contains($0) }
        }
        for conflict in new { logger.warning("registry entry not published", metadata: ["reason": "\(conflict)"]) }
    }
}
