/// Something about outboxes or dead letters that cannot be done; says what to do instead.
package struct OutboxError: Error, Equatable, CustomStringConvertible {
    /// What is wrong, and what to do.
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
