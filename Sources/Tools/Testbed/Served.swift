package import NIOCore
package import NIOHTTP1

/// A request as a party's server received it.
package struct Served: Sendable {
    /// Method, path and query, headers.
    package let head: HTTPRequestHead
    /// The complete body.
    package let body: ByteBuffer
    /// Its connection, which has no other request until this one is answered.
    package let connection: any Channel

    /// A header, by case-insensitive name.
    package func header(_ name: String) -> String? { head.headers.first(name: name) }

    /// HTTP method.
    package var method: String { head.method.rawValue }
    /// The path without the query.
    package var path: String { head.uri.split(separator: "?", maxSplits: 1).first.map(String.init) ?? "" }
}
