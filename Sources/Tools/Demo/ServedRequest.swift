package import HTTPTypes
package import NIOCore

/// One request as a loopback server got it, its body complete.
package struct ServedRequest: Sendable {
    /// Upper-case HTTP method.
    package let method: String
    /// Path without the query, as it came.
    package let path: String
    /// Query without "?", as it came.
    package let query: String?
    /// Headers as they came.
    package let headers: HTTPFields
    /// Body bytes, empty without a body.
    package let body: ByteBuffer

    /// The value of a header, its name matched without case.
    package func header(_ name: String) -> String? {
        HTTPField.Name(name).flatMap { headers[$0] }
    }
}
