package import NIOCore

/// What a party's server answers, and how long it takes for that.
package struct Serving: Sendable {
    /// HTTP status.
    package var status: Int
    /// JSON.
    package var body: ByteBuffer
    /// Time until the answer is sent.
    package var delay: Duration

    /// - Parameters: as the properties say.
    package init(status: Int = 200, body: ByteBuffer, delay: Duration = .zero) {
        self.status = status
        self.body = body
        self.delay = delay
    }
}
