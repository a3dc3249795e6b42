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

    /// Longest URL that is called, bytes: what usual servers take. An endpoint and what is asked for below it.
    package static let maxURL = 8 * 1024
    /// Longest head that is sent, bytes: request line and headers. AsyncHTTPClient ends the process over a request with a body whose head is
    /// longer than a connection's write buffer (64 KiB).
    package static let maxHead = 16 * 1024

    /// What is too long, for people; nil if it can be sent.
    func excess(_ target: RequestTarget) -> String? {
        guard url.utf8.count <= Self.maxURL, target.text.utf8.count <= Self.maxURL else {
            return "its URL would be longer than \(Self.maxURL) bytes"
        }
        let head = headers.reduce(target.text.utf8.count + target.origin.utf8.count) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
        return head > Self.maxHead ? "its headers would be longer than \(Self.maxHead) bytes" : nil
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
