package import NIOCore
package import NIOHTTP1
package import OCPI

/// A request as a party's server got it.
package struct ServerRequest: HTTPMessage {
    /// Request line and headers as they came.
    package let head: HTTPRequestHead
    /// All of it, as it came.
    package let body: ByteBuffer
    /// Where it came from. Carries no other request as long as this one is not answered.
    package let connection: any Channel

    /// HTTP method.
    package var method: OCPI.Method { OCPI.Method(rawValue: head.method.rawValue) }
    /// Path and query as they came.
    package var target: String { head.uri }
    /// Path without the query.
    package var path: String { String(head.uri.prefix { $0 != "?" }) }
    /// Query without `?`; nil for none.
    package var query: String? { head.uri.firstIndex(of: "?").map { String(head.uri[head.uri.index(after: $0)...]) } }
    /// As they came.
    package var headers: HTTPHeaders { head.headers }
}
