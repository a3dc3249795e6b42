/// Whether calls to a recipient are made.
package enum BreakerState: String, Sendable, CaseIterable {
    /// Calls are made.
    case closed
    /// No calls are made: too many failed.
    case open
    /// A few calls are made, to test whether the recipient answers again.
    case halfOpen = "half-open"
}
