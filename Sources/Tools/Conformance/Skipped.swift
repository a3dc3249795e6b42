/// A requirement cannot be tested here.
struct Skipped: Error, CustomStringConvertible {
    /// What is missing.
    let description: String

    init(_ reason: String) { description = reason }
}
