package import NIOCore
package import NIOHTTP1
package import OCPI

/// A request to a party's server.
package struct ServerRequest: HTTPMessage {
    /// Request line and headers, unchanged.
    package let head: HTTPRequestHead
    /// The whole body, byte for byte.
    package let body: ByteBuffer
    /// Its connection, which delivers no other request before this one is answered.
    package let connection: any Channel

    /// HTTP method.
    package var method: OCPI.Method { OCPI.Method(rawValue: head.method.rawValue) }
    /// Path and query, unchanged.
    package var target: String { head.uri }
    /// Path without the query.
    package var path: String { String(head.uri.prefix { $0 != "?" }) }
    /// Query without `?`; nil for none.
    package var query: String? { head.uri.firstIndex(of: "?").map { String(head.uri[head.uri.index(after: $0)...]) } }
    /// The headers, unchanged.
    package var headers: HTTPHeaders { head.headers }
}
