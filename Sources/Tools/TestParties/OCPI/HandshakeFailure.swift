/// A failed registration.
package struct HandshakeFailure: Error, CustomStringConvertible {
    /// The failed step and the hub's answer; never a token.
    package let description: String

    init(_ description: String) { self.description = description }
}
