package import HTTPTypes
package import NIOCore

/// One request as a loopback server received it, with its complete body.
package struct ServedRequest: Sendable {
    /// Upper-case HTTP method.
    package let method: String
    /// Path without the query, as received.
    package let path: String
    /// Query without "?", as received.
    package let query: String?
    /// Headers as received.
    package let headers: HTTPFields
    /// Body bytes, empty without a body.
    package let body: ByteBuffer

    /// The value of a header, by case-insensitive name.
    package func header(_ name: String) -> String? {
        HTTPField.Name(name).flatMap { headers[$0] }
    }
}
