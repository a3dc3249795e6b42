import Encoding
package import NIOCore
package import NIOHTTP1
package import OCPI

/// The request of a call.
package struct CallRequest: HTTPMessage {
    /// HTTP method.
    package var method: OCPI.Method
    /// Absolute `http` or `https` URL. Its path and query are sent unchanged.
    package var url: String
    /// Sent unchanged. `Host` and `Content-Length` are added if they are missing.
    package var headers: HTTPHeaders
    /// Byte for byte; empty for none.
    package var body: ByteBuffer

    /// - Parameters: as the properties say.
    package init(_ method: OCPI.Method, _ url: String, headers: HTTPHeaders = HTTPHeaders(), body: ByteBuffer? = nil) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body ?? ByteBuffer()
    }

    /// `PUT https://…`, for messages.
    package var line: String { "\(method) \(url)" }

    /// The same with generated message ids where they are missing.
    package func identified() -> CallRequest {
        var request = self
        for name in [OCPIHeader.requestID, OCPIHeader.correlationID] where !headers.contains(name: name) {
            request.headers.add(name: name, value: UUIDText.v4())
        }
        return request
    }
}
