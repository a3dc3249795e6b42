import Encoding

/// Why an admin call makes no sense; for the operator.
struct AdminFault: Error {
    let message: String

    init(_ message: String) { self.message = message }
}
