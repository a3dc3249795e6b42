package import NIOCore

/// The answer of a party's server, and its delay.
package struct Serving: Sendable {
    /// HTTP status.
    package var status: Int
    /// JSON.
    package var body: ByteBuffer
    /// Time until the answer is sent.
    package var delay: Duration

    package init(status: Int = 200, body: ByteBuffer, delay: Duration = .zero) {
        self.status = status
        self.body = body
        self.delay = delay
    }
}
