import Logging

/// What a recipient's breaker did.
enum BreakerTransition: Sendable, Equatable {
    case opened
    case closed
    /// Nothing is left for the recipient, so nobody will find out here whether it is back.
    case forgotten

    /// Tells operators.
    func log(_ recipient: some CustomStringConvertible, to logger: Logger) {
        let message: Logger.Message =
            switch self {
            case .opened: "breaker opened: too many calls fail, so the recipient is only asked now and then"
            case .closed: "breaker closed: the recipient answers again"
            case .forgotten: "breaker closed: nothing is left here for the recipient"
            }
        logger.notice(message, metadata: ["recipient": "\(recipient)"])
    }
}
