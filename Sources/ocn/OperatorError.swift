import Glibc

/// Something that an operator asked for and that is not there.
struct OperatorError: Error, CustomStringConvertible {
    let description: String
}
