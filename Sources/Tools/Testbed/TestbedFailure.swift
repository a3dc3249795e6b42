/// The reason why a test could not be carried out.
package struct TestbedFailure: Error, CustomStringConvertible {
    /// The message; it never contains a token.
    package let description: String

    /// - Parameter description: the message; it must not contain a token.
    package init(_ description: String) { self.description = description }
}
