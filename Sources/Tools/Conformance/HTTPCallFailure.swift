import NIOHTTP1

/// A call that got no answer.
struct HTTPCallFailure: Error, CustomStringConvertible {
    /// What was called and what came of it; never a token.
    let description: String
}
