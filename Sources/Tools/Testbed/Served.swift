package import NIOCore
package import NIOHTTP1

/// A request as a party's server got it.
package struct Served: Sendable {
    /// Method, path and query, headers.
    package let head: HTTPRequestHead
    /// All of it.
    package let body: ByteBuffer
    /// Where it came from. Has no other request as long as this one is not answered.
    package let connection: any Channel

    /// A header, its name matched without case.
    package func header(_ name: String) -> String? { head.headers.first(name: name) }

    /// HTTP method.
    package var method: String { head.method.rawValue }
    /// Without the query.
    package var path: String { head.uri.split(separator: "?", maxSplits: 1).first.map(String.init) ?? "" }
}
