import Kafka

/// A failed change of the shared state.
package struct StateError: Error, Sendable, CustomStringConvertible {
    /// The failure, and what to do.
    package let description: String

    package init(description: String) { self.description = description }
}
