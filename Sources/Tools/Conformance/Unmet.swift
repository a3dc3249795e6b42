/// A requirement is not met.
struct Unmet: Error, CustomStringConvertible {
    /// The reason; never a token.
    let description: String

    init(_ reason: String) { description = reason }
}
