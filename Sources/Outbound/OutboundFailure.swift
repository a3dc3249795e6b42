import OCPI

/// The reason why there is no answer.
package struct OutboundFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// How far the request got.
    package enum Kind: String, Sendable, CaseIterable {
        /// Nothing was sent: refused, unknown name, TLS error, no connection in time.
        case notSent = "not sent"
        /// Nothing was sent, because the process has no free connection; this proves nothing about the recipient.
        case busy
        /// Nothing was sent, and a retry would not help: a forbidden address or an invalid URL.
        case forbidden
        /// Nothing was sent, and a retry would not help: the URL or the headers exceed the size limits.
        case tooLarge = "too large"
        /// The request was sent, and no complete answer came by the deadline.
        case timeout
        /// The request was sent, and the connection broke, or the answer was invalid or too large.
        case broken
    }

    /// How far the request got.
    package let kind: Kind
    /// An explanation for people; without URLs and tokens.
    package let reason: String
    /// Whether the recipient answered, but exceeded the size limit.
    package let isAnswer: Bool

    package init(_ kind: Kind, _ reason: String, isAnswer: Bool = false) {
        self.kind = kind
        self.reason = reason
        self.isAnswer = isAnswer
    }

    package var description: String { "\(kind.rawValue): \(reason)" }
}
