import Glibc

/// An operator's command that cannot be carried out.
struct OperatorError: Error, CustomStringConvertible {
    let description: String
}
