/// A requirement is not met.
struct Unmet: Error, CustomStringConvertible {
    /// What was found instead; never a token.
    let description: String

    init(_ reason: String) { description = reason }
}
