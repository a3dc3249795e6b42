/// Why a call got no complete answer.
package struct CallFailure: Error, CustomStringConvertible {
    /// What happened.
    package enum Kind: Sendable {
        /// No connection could be made. Nothing of the request has left this process.
        case notSent
        /// The connection ended, or what came is not HTTP. The other side may have had the request.
        case broken
        /// Its time was over. The other side may have had the request.
        case timeout
        /// The body of the answer is longer than is permitted.
        case tooLong
    }

    /// What happened.
    package let kind: Kind
    /// What was called and what came of it; never a token.
    package let description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
