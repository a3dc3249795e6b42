/// The reason why a coded body cannot be read.
package struct UnreadableCoding: Error, Sendable, Equatable, CustomStringConvertible {
    /// An explanation for people.
    package let description: String
}
