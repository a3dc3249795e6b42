/// A requirement cannot be tried here.
struct Skipped: Error, CustomStringConvertible {
    /// What is missing.
    let description: String

    init(_ reason: String) { description = reason }
}
