/// What came out of one requirement.
package struct Finding: Sendable {
    /// How it ended.
    package enum Outcome: Sendable, Equatable {
        /// The hub does as required.
        case met
        /// It does not; what was found.
        case unmet(String)
        /// It was not tried; why.
        case skipped(String)
    }

    /// What was asked for.
    package let requirement: Requirement
    /// How it ended.
    package let outcome: Outcome
    /// How long the trial took.
    package let duration: Duration

    var isUnmet: Bool { if case .unmet = outcome { true } else { false } }

    var isSkipped: Bool { if case .skipped = outcome { true } else { false } }
}
