/// What came of a step, and how long it took.
package struct StepOutcome: Sendable, Equatable {
    /// In a few words; the reason if it did not hold.
    package let text: String
    /// From its first line to its last.
    package let seconds: Double

    /// - Parameters: as the properties say.
    package init(text: String, seconds: Double) {
        self.text = text
        self.seconds = seconds
    }
}
