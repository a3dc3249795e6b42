import Kafka

/// A change of the shared state that could not be made.
package struct StateError: Error, Sendable, CustomStringConvertible {
    /// What happened, and what to do.
    package let description: String

    /// - Parameter description: as the property says.
    package init(description: String) { self.description = description }
}
