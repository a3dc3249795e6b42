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
    /// Body bytes as sent; nil for none.
    package var body: ByteBuffer?
    /// Whether the recipient may receive the request twice without harm. Then it is repeated at once if the recipient had just closed its
    /// connection. Reads are repeatable.
    package var isRepeatable: Bool

    /// A request that is repeatable if its method is a read.
    package init(url: String, method: Method, headers: HTTPHeaders = HTTPHeaders(), body: ByteBuffer? = nil) {
        self.url = url
        self.method = method
        self.headers = headers
        self.body = body
        isRepeatable = method.isRead
    }

    /// The longest URL that is called, in bytes: the limit of common servers, for an endpoint and the path below it.
    package static let maxURL = 8 * 1024
    /// The longest request line and headers, in bytes. AsyncHTTPClient ends the process over a request with a body whose head is longer
    /// than a connection's write buffer (64 KiB).
    package static let maxHead = 16 * 1024

    /// Which part is too long, for people; nil if the request can be sent.
    func excess(_ target: RequestTarget) -> String? {
        guard url.utf8.count <= Self.maxURL, target.text.utf8.count <= Self.maxURL else {
            return "its URL would be longer than \(Self.maxURL) bytes"
        }
        let head = headers.reduce(target.text.utf8.count + target.origin.utf8.count) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 }
        return head > Self.maxHead ? "its headers would be longer than \(Self.maxHead) bytes" : nil
    }
}
