/// What is wrong with a JSON text, and where. Carries no part of the text, so it may be logged.
package struct JSONError: Error, Equatable, CustomStringConvertible {
    /// Bytes before the fault.
    package let offset: Int
    /// One short phrase in English.
    package let reason: String

    /// A fault found at that byte.
    package init(offset: Int, reason: String) {
        self.offset = offset
        self.reason = reason
    }

    /// Whether a member that was looked for stands twice at its level: the text is JSON, and says two things.
    package var isRepetition: Bool { reason == JSONError.repetition }

    /// A member that was looked for stands again at that byte.
    static func repeated(at offset: Int) -> JSONError { JSONError(offset: offset, reason: repetition) }

    private static let repetition = "a member stands twice"

    /// One line with place and reason.
    package var description: String { "not valid JSON at byte \(offset): \(reason)" }
}
