/// An HTTP method. An open set; case matters, as HTTP says.
package struct Method: Hashable, Sendable, RawRepresentable, CustomStringConvertible {
    /// As it stands in the request line.
    package let rawValue: String

    /// Any method, as it stands in the request line.
    package init(rawValue: String) { self.rawValue = rawValue }

    /// Reads a list or an object.
    package static let get = Method(rawValue: "GET")
    /// Creates or replaces an object.
    package static let put = Method(rawValue: "PUT")
    /// Creates a CDR, sends a command or a result, asks for authorization.
    package static let post = Method(rawValue: "POST")
    /// Changes some members of an object.
    package static let patch = Method(rawValue: "PATCH")
    /// Removes an object.
    package static let delete = Method(rawValue: "DELETE")
    /// GET without the body; OCPI does not use it.
    package static let head = Method(rawValue: "HEAD")

    /// Whether sending it twice means the same as once: GET, PUT, DELETE, HEAD.
    package var isIdempotent: Bool { [.get, .put, .delete, .head].contains(self) }

    /// Whether it changes nothing: GET, HEAD.
    package var isRead: Bool { self == .get || self == .head }

    /// As it stands in the request line.
    package var description: String { rawValue }
}
