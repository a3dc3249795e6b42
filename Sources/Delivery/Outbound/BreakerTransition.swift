import Logging

/// A change of a recipient's breaker.
enum BreakerTransition: Sendable, Equatable {
    case opened
    case closed
    /// Nothing is left to send to the recipient, so this process will not notice its return.
    case forgotten

    /// Logs the change for operators.
    func log(_ recipient: some CustomStringConvertible, to logger: Logger) {
        let message: Logger.Message =
            switch self {
            case .opened: "breaker opened: too many calls fail, so only a few probes are sent to the recipient"
            case .closed: "breaker closed: the recipient answers again"
            case .forgotten: "breaker removed: this process has nothing left to send to the recipient"
            }
        logger.notice(message, metadata: ["recipient": "\(recipient)"])
    }
}
