/// A call to a node without a valid answer.
package struct PartyCallFailure: Error, CustomStringConvertible {
    /// The call and its failure; never a token.
    package let description: String
}
