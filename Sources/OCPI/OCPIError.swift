/// An answer the hub gives itself instead of a party's. Its HTTP status depends on the dialect of the path that was called: below
/// `/2.2/` the status of the reference node, below `/2.2.1/` what OCPI says. The message goes out to the caller: no secrets in it.
package struct OCPIError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of refusal it is, where the HTTP status shows it.
    package enum Kind: Sendable, Equatable {
        /// A valid request with an OCPI error as its answer.
        case plain
        /// The token is missing or unknown.
        case unauthorized
        /// The body is not JSON.
        case unparsable
        /// No such path or object.
        case notFound
        /// The methods are those that there are instead.
        case methodNotAllowed([Method])
        /// The body is longer than we take.
        case tooLarge
        /// The body is coded, and we have to look into it.
        case coded
        /// The body does not come in time.
        case overdue
        /// We are overloaded; the caller may come back after that many seconds (`Retry-After`).
        case busy(retryAfterSeconds: Int)
    }

    /// `status_code` of the answer.
    package let code: StatusCode
    /// One English sentence for `status_message`.
    package let message: String
    /// Decides the HTTP status.
    package let kind: Kind
    /// Why nothing was done, if nothing was: for another node, and for what can wait. The code does not tell it.
    package let notDone: NotDone

    /// A refusal; most are plain, and most are not because of how the recipient stands.
    package init(code: StatusCode, message: String, kind: Kind = .plain, notDone: NotDone = .refused) {
        self.code = code
        self.message = message
        self.kind = kind
        self.notDone = notDone
    }

    /// A method that does not exist at a place where others do.
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

    /// Code and message.
    package var description: String { "\(code): \(message)" }
}
