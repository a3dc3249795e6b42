/// Why a party could not be registered.
package struct HandshakeFailure: Error, CustomStringConvertible {
    /// At which point it ended and what the hub answered; never a token.
    package let description: String

    init(_ description: String) { self.description = description }
}
