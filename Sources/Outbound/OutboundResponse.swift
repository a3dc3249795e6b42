package import NIOCore
package import NIOHTTP1
import OCPI

/// A complete HTTP answer, whatever its status.
package struct OutboundResponse: Sendable {
    /// HTTP status.
    package var status: Int
    /// Headers as received.
    package var headers: HTTPHeaders
    /// Body as received, at most as long as the client allows.
    package var body: ByteBuffer

    package init(status: Int, headers: HTTPHeaders = HTTPHeaders(), body: ByteBuffer = ByteBuffer()) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
