/// An HTTP method. An open set; case-sensitive, as in HTTP.
package struct Method: Hashable, Sendable, RawRepresentable, CustomStringConvertible {
    /// The method as in the request line.
    package let rawValue: String

    /// Any method, as in the request line.
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

    /// Whether a repetition has no further effect: GET, PUT, DELETE, HEAD.
    package var isIdempotent: Bool { [.get, .put, .delete, .head].contains(self) }

    /// Whether the method changes nothing: GET, HEAD.
    package var isRead: Bool { self == .get || self == .head }

    package var description: String { rawValue }
}
