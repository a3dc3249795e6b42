/// The result of one requirement.
package struct Finding: Sendable {
    /// The outcome.
    package enum Outcome: Sendable, Equatable {
        /// The hub meets the requirement.
        case met
        /// The hub does not meet it, with the reason.
        case unmet(String)
        /// It was not tested, with the reason.
        case skipped(String)
    }

    /// The requirement.
    package let requirement: Requirement
    /// The outcome.
    package let outcome: Outcome
    /// The duration of the test.
    package let duration: Duration

    var isUnmet: Bool { if case .unmet = outcome { true } else { false } }

    var isSkipped: Bool { if case .skipped = outcome { true } else { false } }
}
