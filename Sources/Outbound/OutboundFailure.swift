import OCPI

/// Why there is no answer.
package struct OutboundFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// How far the request came.
    package enum Kind: String, Sendable, CaseIterable {
        /// Nothing was sent: refused, no such name, TLS, no connection in time.
        case notSent = "not sent"
        /// Nothing was sent, for want of connections of our own: nothing is said about the recipient.
        case busy
        /// Nothing was sent, and trying again changes nothing: a forbidden address, a URL that is none.
        case forbidden
        /// Nothing was sent, and nothing can be: the URL or the headers are longer than we send.
        case tooLarge = "too large"
        /// Sent, and no complete answer by the deadline.
        case timeout
        /// Sent, and the connection broke, or the answer was no HTTP or too large.
        case broken
    }

    /// How far the request came.
    package let kind: Kind
    /// What happened, for people; without URLs and tokens.
    package let reason: String
    /// The recipient did answer, with more than is taken.
    package let isAnswer: Bool

    /// - Parameters: as the properties say.
    package init(_ kind: Kind, _ reason: String, isAnswer: Bool = false) {
        self.kind = kind
        self.reason = reason
        self.isAnswer = isAnswer
    }

    package var description: String { "\(kind.rawValue): \(reason)" }
}
