import Directory
import OCPI
import Outbound
import Topics

/// The reason why there is no answer of the recipient to pass on.
struct ExchangeFailure: Error, Sendable, Equatable {
    let outcome: ReplyOutcome
    /// The error that the hub answers instead.
    let error: OCPIError
    /// The reason why the recipient cannot have acted on the request; nil if it may have.
    let notDone: NotDone?

    var mayBeDone: Bool { notDone == nil }

    /// - Parameter mayBeDone: nil to derive it from the outcome and the error.
    init(_ outcome: ReplyOutcome, _ error: OCPIError, mayBeDone: Bool? = nil) {
        self.outcome = outcome
        self.error = error
        notDone = mayBeDone ?? (outcome == .timeout) ? nil : error.notDone
    }

    /// The failure that replaces an answer about the call itself: a redirect, which would lead around the hub, or a rejection of the hub's
    /// token, which the caller would take for a rejection of its own.
    /// - Returns: nil for any other answer.
    static func instead(of response: OutboundResponse, from recipient: PartyID) -> ExchangeFailure? {
        let status = response.status
        if refusesToken(response) { return ExchangeFailure(.unreachable, .tokenRefused(recipient, httpStatus: status)) }
        guard 300..<400 ~= status else { return nil }
        // A server answers 303 "See Other" after it has done what was asked.
        return ExchangeFailure(.unreachable, .redirected(recipient, httpStatus: status), mayBeDone: status == 303)
    }

    /// Whether the recipient, or a proxy in front of it, rejects the hub's token.
    static func refusesToken(_ response: OutboundResponse) -> Bool { response.status == 401 || response.status == 407 }

    /// The failure for an answer that arrived but cannot be passed on.
    /// - Parameter reason: completes "its answer …" in the message.
    static func unusable(_ reason: String, of recipient: PartyID) -> ExchangeFailure {
        ExchangeFailure(.unreachable, .unusableAnswer(recipient, reason), mayBeDone: true)
    }
}
