/// A call without a complete answer.
package struct CallFailure: Error, CustomStringConvertible {
    /// The kind of failure.
    package enum Kind: Sendable {
        /// No connection could be opened. No byte of the request was sent.
        case notSent
        /// The connection was closed, or the answer is not HTTP. The server may have received the request.
        case broken
        /// The timeout has passed. The server may have received the request.
        case timeout
        /// The body of the answer exceeds the limit.
        case tooLong
    }

    /// The kind of failure.
    package let kind: Kind
    /// The call and the reason; never a token.
    package let description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
