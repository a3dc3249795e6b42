import ArgumentParser
import Encoding
import Glibc
import Logging
import Synchronization

/// Something that an operator asked for and that is not there.
struct OperatorError: Error, CustomStringConvertible {
    let description: String
}
