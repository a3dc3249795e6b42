package import NIOCore
package import NIOHTTP1
package import OCPI

/// One HTTP request to a party's platform or to another node.
package struct OutboundRequest: Sendable {
    /// Absolute `http` or `https` URL.
    package var url: String
    /// HTTP method.
    package var method: Method
    /// Headers besides `Host` and the framing ones.
    package var headers: HTTPHeaders
    /// Body bytes as they are sent; nil for none.
    package var body: ByteBuffer?
    /// Whether it does no harm if the recipient gets it twice. It is then sent again at once if it met a connection that the recipient was
    /// just leaving. What only reads does no harm.
    package var isRepeatable: Bool

    /// - Parameters: as the properties say.
    package init(url: String, method: Method, headers: HTTPHeaders = HTTPHeaders(), body: ByteBuffer? = nil) {
        self.url = url
        self.method = method
        self.headers = headers
        self.body = body
        isRepeatable = method.isRead
    }
}

/// A complete HTTP answer, whatever its status.
package struct OutboundResponse: Sendable {
    /// HTTP status.
    package var status: Int
    /// Headers as they came.
    package var headers: HTTPHeaders
    /// Body as it came, at most as long as the client allows.
    package var body: ByteBuffer

    /// - Parameters: as the properties say.
    package init(status: Int, headers: HTTPHeaders = HTTPHeaders(), body: ByteBuffer = ByteBuffer()) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Why there is no answer.
package struct OutboundFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// How far the request came.
    package enum Kind: String, Sendable, CaseIterable {
        /// Nothing was sent: refused, no such name, TLS, no connection in time.
        case notSent = "not sent"
        /// Nothing was sent, and trying again changes nothing: a forbidden address, a URL that is none.
        case forbidden
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
