import Encoding

/// The reason why an admin call is invalid, as a message for the operator.
struct AdminFault: Error {
    let message: String

    init(_ message: String) { self.message = message }
}
