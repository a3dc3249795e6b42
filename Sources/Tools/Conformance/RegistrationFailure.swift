/// A party of the suite could not be registered.
struct RegistrationFailure: Error, CustomStringConvertible {
    /// Which one, and what came of it; never a token.
    let description: String
}
