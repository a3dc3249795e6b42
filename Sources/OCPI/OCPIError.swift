/// An answer of the hub itself instead of a party's. Its HTTP status depends on the dialect of the called path: below `/2.2/` the status of
/// the reference node, below `/2.2.1/` the one that OCPI defines. The message is sent to the caller, so it must not contain secrets.
package struct OCPIError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kind of refusal, if it affects the HTTP status.
    package enum Kind: Sendable, Equatable {
        /// A valid request with an OCPI error as its answer.
        case plain
        /// The token is missing or unknown.
        case unauthorized
        /// The body is not JSON.
        case unparsable
        /// There is no such path or object.
        case notFound
        /// The method is not defined for the path; the associated methods are.
        case methodNotAllowed([Method])
        /// The body exceeds the size limit.
        case tooLarge
        /// The body has a content encoding, but the hub must read it.
        case coded
        /// The body did not arrive in time.
        case overdue
        /// The hub is overloaded; the caller may retry after that many seconds (`Retry-After`).
        case busy(retryAfterSeconds: Int)
    }

    /// `status_code` of the answer.
    package let code: StatusCode
    /// One English sentence for `status_message`.
    package let message: String
    /// The kind, which decides the HTTP status.
    package let kind: Kind
    /// Whether the request is known to have had no effect, and why: for another node, and for copies. The code does not show it.
    package let notDone: NotDone

    /// A refusal; most are plain, and most do not depend on the recipient's state.
    package init(code: StatusCode, message: String, kind: Kind = .plain, notDone: NotDone = .refused) {
        self.code = code
        self.message = message
        self.kind = kind
        self.notDone = notDone
    }

    /// A method that is not defined for a path that has other methods.
    package static func notAvailable(_ method: Method, but methods: [Method]) -> OCPIError {
        OCPIError(code: .clientError, message: "\(method) is not available here", kind: .methodNotAllowed(methods))
    }

    /// The HTTP status in the dialect of that version.
    package func httpStatus(for version: OCPIVersion) -> Int {
        switch kind {
        case .plain: version == .v2_2 ? referenceStatus : 200
        case .unauthorized: version == .v2_2 ? 400 : 401
        case .unparsable: 400
        case .notFound: 404
        case .methodNotAllowed: 405
        case .tooLarge: 413
        case .coded: 415
        case .overdue: 408
        case .busy: 503
        }
    }

    private var referenceStatus: Int {
        if code == .unknownLocation { return 404 }
        return (2000..<3000).contains(code.rawValue) ? 400 : 200
    }

    package var description: String { "\(code): \(message)" }
}
