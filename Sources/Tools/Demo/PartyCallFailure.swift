/// A call that a party cannot make.
package struct PartyCallFailure: Error, CustomStringConvertible {
    /// The reason; never a token.
    package let description: String
}
