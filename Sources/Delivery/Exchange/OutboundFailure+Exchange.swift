import OCPI
import Outbound
import Topics

// What a failed call means for the request and for its recipient.
extension OutboundFailure {
    /// Nothing was sent, and another connection may take it.
    var isWorthAnotherTry: Bool { kind == .notSent || kind == .busy }

    /// What it says about the recipient. Any answer speaks for it, whatever its status: it passes through unchanged, and one module that
    /// fails must not cut off the others.
    /// - Parameter isFair: the recipient had enough time.
    func outcome(isFair: Bool) -> Breaker.Outcome {
        switch kind {
        case .busy, .forbidden, .tooLarge: .unused
        case .broken: isAnswer ? .succeeded : .failed
        case .notSent, .timeout: isFair ? .failed : .unused
        }
    }

    /// What the caller is told.
    func exchangeFailure(of recipient: PartyID) -> ExchangeFailure {
        switch kind {
        case .notSent, .busy, .forbidden: ExchangeFailure(.unreachable, .notReached(recipient, reason))
        case .tooLarge: ExchangeFailure(.refused, .notSendable(reason))
        case .timeout: ExchangeFailure(.timeout, .noAnswer(recipient))
        case .broken: .unusable(reason, of: recipient)
        }
    }
}
