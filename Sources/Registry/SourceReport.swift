import Logging
import Synchronization

/// Logs the state of a registry source: a fault at once, then each minute while it lasts, and its end.
final class SourceReport: Sendable {
    private struct State {
        var fault: OngoingFault?
        var hasBeenRead = false
        var conflicts: [String] = []
    }

    private let source: String
    private let logger: Logger
    private let onReadiness: @Sendable (_ ready: Bool, _ reason: String?) -> Void
    private let state = Mutex(State())

    /// - Parameter onReadiness: called until the source was read for the first time.
    init(source: String, logger: Logger, onReadiness: @escaping @Sendable (_ ready: Bool, _ reason: String?) -> Void) {
        self.source = source
        self.logger = logger
        self.onReadiness = onReadiness
    }

    /// Reports that the source was read without faults.
    func read() {
        let (isFirst, fault) = state.withLock { state in
            defer {
                state.hasBeenRead = true
                state.fault = nil
            }
            return (!state.hasBeenRead, state.fault)
        }
        if isFirst { onReadiness(true, nil) }
        guard let fault else { return }
        logger.notice("the registry can be read again", metadata: ["source": "\(source)", "refused": "\(fault.count) times"])
    }

    func failed(_ error: RegistryError) {
        let (isFirst, report) = state.withLock { state in
            var fault = state.fault.flatMap { $0.error == error ? $0 : nil } ?? OngoingFault(error)
            defer { state.fault = fault }
            return (!state.hasBeenRead, fault.occurred(at: .now))
        }
        if isFirst { onReadiness(false, "\(error)") }
        let consequence = isFirst ? "nothing of it is published" : "what was published before stays in force"
        switch report {
        case .first: logger.error("the registry is refused: \(consequence)", metadata: ["source": "\(source)", "problems": "\(error)"])
        case .reminder(let count):
            logger.error(
                "the registry is still refused: \(consequence)",
                metadata: ["source": "\(source)", "problems": "\(error)", "refused": "\(count) times"])
        case nil: break
        }
    }

    /// Reports entries that another source defines, each one once.
    func conflicts(_ conflicts: [String]) {
        let new = state.withLock { state in
            defer { state.conflicts = conflicts }
            return conflicts.filter { !state.conflicts.contains($0) }
        }
        for conflict in new { logger.warning("registry entry not published", metadata: ["reason": "\(conflict)"]) }
    }
}
