/// Why something could not be tried out.
package struct TestbedFailure: Error, CustomStringConvertible {
    /// What happened; never a token.
    package let description: String

    /// - Parameter description: for people; never a token.
    package init(_ description: String) { self.description = description }
}
