/// The result of a step, and its duration.
package struct StepOutcome: Sendable, Equatable {
    /// A short description; the reason if it failed.
    package let text: String
    /// The duration in seconds.
    package let seconds: Double

    package init(text: String, seconds: Double) {
        self.text = text
        self.seconds = seconds
    }
}
