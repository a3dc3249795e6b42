import OCPI
import Topics

/// The reason why a request is answered without being sent.
enum ExchangeRefusal: Sendable, Equatable {
    /// The queue of the recipient, or of this process, is full.
    case busy
    /// The recipient's breaker is open.
    case breaker
    /// An earlier owner of the partition may have sent the request, and it must not be sent twice.
    case inDoubt
    /// The request expired before it could start. The recipient was not the cause, so it is an error of this node.
    /// - Parameter isInDoubt: whether an earlier worker may have sent it.
    case late(isInDoubt: Bool)
    /// The request expired while it waited for a place or for a connection to the recipient.
    case expired
    /// The record has implausible values.
    case implausible(RecordError)
    /// The request has no destination.
    case unroutable(ExchangeFailure)

    /// The error that the caller gets.
    func failure(of recipient: PartyID) -> ExchangeFailure {
        switch self {
        case .busy: ExchangeFailure(.refused, .recipientBusy(recipient))
        case .breaker: ExchangeFailure(.refused, .heldBack(recipient))
        case .inDoubt, .late(isInDoubt: true): ExchangeFailure(.timeout, .unknownOutcome(recipient))
        case .late(isInDoubt: false): ExchangeFailure(.expired, .notSentInTime(recipient))
        case .expired: ExchangeFailure(.expired, .noAnswer(recipient))
        case .implausible(let fault): ExchangeFailure(.refused, .implausible("\(fault)"))
        case .unroutable(let failure): failure
        }
    }

    /// The label under which the refusal is counted; nil if the outcome label says the same.
    var metric: ExchangeMetrics.Refusal? {
        switch self {
        case .busy: .busy
        case .breaker: .breaker
        case .inDoubt: .inDoubt
        case .late, .expired, .implausible, .unroutable: nil
        }
    }
}
