/// An operation on outboxes or dead letters that cannot be done, with a message that says what to do instead.
package struct OutboxError: Error, Equatable, CustomStringConvertible {
    /// The error and what to do about it.
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
