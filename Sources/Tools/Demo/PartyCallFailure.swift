/// A call to a node that got no proper answer.
package struct PartyCallFailure: Error, CustomStringConvertible {
    /// What was called and what came of it; never a token.
    package let description: String
}
