/// A call that a party cannot make.
package struct PartyCallFailure: Error, CustomStringConvertible {
    /// Why; never a token.
    package let description: String
}
