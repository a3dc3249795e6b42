import HTTPTypes
package import NIOCore

/// The answer of a loopback server.
package struct ServedAnswer: Sendable {
    /// HTTP status.
    package let status: Int
    /// Headers besides Content-Type and Content-Length.
    package let headers: [(name: String, value: String)]
    /// JSON body.
    package let body: ByteBuffer

    /// An answer with a JSON body.
    package init(status: Int = 200, headers: [(name: String, value: String)] = [], body: ByteBuffer) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The same answer with additional headers.
    func repeating(_ more: [(name: String, value: String)]) -> ServedAnswer {
        ServedAnswer(status: status, headers: headers + more, body: body)
    }
}
