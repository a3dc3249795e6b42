import OCPI
import Outbound
import Topics

// The meaning of a failed call for the request and its recipient.
extension OutboundFailure {
    /// Whether nothing was sent and another connection may succeed.
    var isWorthAnotherTry: Bool { kind == .notSent || kind == .busy }

    /// The outcome for the recipient's breaker. Every answer counts as a success, whatever its status: it is passed on unchanged, and one
    /// faulty module must not block the others.
    /// - Parameter isFair: whether the recipient had enough time.
    func outcome(isFair: Bool) -> Breaker.Outcome {
        switch kind {
        case .busy, .forbidden, .tooLarge: .unused
        case .broken: isAnswer ? .succeeded : .failed
        case .notSent, .timeout: isFair ? .failed : .unused
        }
    }

    /// The error that the caller gets.
    func exchangeFailure(of recipient: PartyID) -> ExchangeFailure {
        switch kind {
        case .notSent, .busy, .forbidden: ExchangeFailure(.unreachable, .notReached(recipient, reason))
        case .tooLarge: ExchangeFailure(.refused, .notSendable(reason))
        case .timeout: ExchangeFailure(.timeout, .noAnswer(recipient))
        case .broken: .unusable(reason, of: recipient)
        }
    }
}
