package import NIOCore
package import NIOHTTP1
package import OCPI

/// A request to a party, with what it is for.
package struct PartyRequest: HTTPMessage {
    /// As the server got it.
    package let http: ServerRequest
    /// Whether it carried the token that the party gave to the hub.
    package let isAuthorized: Bool
    /// Which interface it is for; nil for versions, details and credentials and for what is nowhere.
    package let interface: Interface?
    /// What stands below the interface's URL, without its first slash and without the query.
    package let rest: String

    /// HTTP method.
    package var method: OCPI.Method { http.method }
    /// Path and query as they came.
    package var target: String { http.target }
    /// Path without the query.
    package var path: String { http.path }
    /// Query without `?`; nil for none.
    package var query: String? { http.query }
    /// As they came.
    package var headers: HTTPHeaders { http.headers }
    /// As it came.
    package var body: ByteBuffer { http.body }
}
