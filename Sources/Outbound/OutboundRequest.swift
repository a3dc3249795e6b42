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
