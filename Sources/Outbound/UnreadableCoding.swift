/// Why a coded body cannot be read.
package struct UnreadableCoding: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, for people.
    package let description: String
}
