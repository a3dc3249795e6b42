package import NIOCore
package import NIOHTTP1
package import OCPI

/// A request to a party, with the interface that it addresses.
package struct PartyRequest: HTTPMessage {
    /// The HTTP request.
    package let http: ServerRequest
    /// Whether it has token B, which the party gave to the hub.
    package let isAuthorized: Bool
    /// The addressed interface; nil for versions, details, credentials and unknown paths.
    package let interface: Interface?
    /// The path below the interface's URL, without its first slash and without the query.
    package let rest: String

    /// HTTP method.
    package var method: OCPI.Method { http.method }
    /// Path and query, unchanged.
    package var target: String { http.target }
    /// Path without the query.
    package var path: String { http.path }
    /// Query without `?`; nil for none.
    package var query: String? { http.query }
    /// The headers, unchanged.
    package var headers: HTTPHeaders { http.headers }
    /// The whole body, byte for byte.
    package var body: ByteBuffer { http.body }
}
