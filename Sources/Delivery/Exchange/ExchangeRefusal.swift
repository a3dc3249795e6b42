import OCPI
import Topics

/// Why a request is answered without being sent.
enum ExchangeRefusal: Sendable, Equatable {
    /// As much waits for the recipient, or in this process, as may.
    case busy
    /// The recipient does not answer.
    case breaker
    /// An earlier owner of the partition may have sent it, and it must not happen twice.
    case inDoubt
    /// Its time was over before its turn came, and not for the recipient's sake: so it is this node's own trouble.
    /// - Parameter isInDoubt: whether an earlier worker has sent it nobody knows.
    case late(isInDoubt: Bool)
    /// Its time was over while it waited for the recipient: for those before it to be answered, or to be connected to.
    case expired
    /// Its record cannot be true.
    case implausible(RecordError)
    /// There is nowhere to send it to.
    case unroutable(ExchangeFailure)

    /// What its caller is told.
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

    /// As which it is counted; nil for what the outcome says already.
    var metric: ExchangeMetrics.Refusal? {
        switch self {
        case .busy: .busy
        case .breaker: .breaker
        case .inDoubt: .inDoubt
        case .late, .expired, .implausible, .unroutable: nil
        }
    }
}
