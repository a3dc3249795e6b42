/// A fault in a JSON text and its position. Carries no part of the text, so it may be logged.
package struct JSONError: Error, Equatable, CustomStringConvertible {
    /// The number of bytes before the fault.
    package let offset: Int
    /// One short phrase in English.
    package let reason: String

    /// A fault at that byte.
    package init(offset: Int, reason: String) {
        self.offset = offset
        self.reason = reason
    }

    /// Whether a requested member occurs twice at its level: the text is valid JSON, but ambiguous.
    package var isRepetition: Bool { reason == JSONError.repetition }

    /// A requested member is repeated at that byte.
    static func repeated(at offset: Int) -> JSONError { JSONError(offset: offset, reason: repetition) }

    private static let repetition = "a member stands twice"

    /// One line with position and reason.
    package var description: String { "not valid JSON at byte \(offset): \(reason)" }
}
