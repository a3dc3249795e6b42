import Directory
import OCPI
import Outbound
import Topics

/// Why there is no answer of the recipient to pass on.
struct ExchangeFailure: Error, Sendable, Equatable {
    let outcome: ReplyOutcome
    /// What the hub says instead.
    let error: OCPIError
    /// Why the recipient cannot have done what it was asked for; nil if something was sent.
    let notDone: NotDone?

    var mayBeDone: Bool { notDone == nil }

    /// - Parameter mayBeDone: nil for what the outcome says by itself.
    init(_ outcome: ReplyOutcome, _ error: OCPIError, mayBeDone: Bool? = nil) {
        self.outcome = outcome
        self.error = error
        notDone = mayBeDone ?? (outcome == .timeout) ? nil : error.notDone
    }

    /// In the place of an answer that is about the call, not about what was asked: a redirect, which would lead around the hub, and a refusal
    /// of the hub's own token, which the caller would take for its own.
    /// - Returns: nil for any other answer.
    static func instead(of response: OutboundResponse, from recipient: PartyID) -> ExchangeFailure? {
        let status = response.status
        if refusesToken(response) { return ExchangeFailure(.unreachable, .tokenRefused(recipient, httpStatus: status)) }
        guard 300..<400 ~= status else { return nil }
        // "See other" is what a server says that has done it.
        return ExchangeFailure(.unreachable, .redirected(recipient, httpStatus: status), mayBeDone: status == 303)
    }

    /// Whether the recipient, or a proxy before it, says that it does not know who calls.
    static func refusesToken(_ response: OutboundResponse) -> Bool { response.status == 401 || response.status == 407 }

    /// The recipient has answered, and its answer cannot be passed on.
    /// - Parameter reason: about "its" answer, for people.
    static func unusable(_ reason: String, of recipient: PartyID) -> ExchangeFailure {
        ExchangeFailure(.unreachable, .unusableAnswer(recipient, reason), mayBeDone: true)
    }
}
