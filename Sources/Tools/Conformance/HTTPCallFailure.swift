import NIOHTTP1

/// A call without an answer.
struct HTTPCallFailure: Error, CustomStringConvertible {
    /// The call and its failure; never a token.
    let description: String
}
