/// Whether calls to a recipient are made.
package enum BreakerState: String, Sendable, CaseIterable {
    /// They are.
    case closed
    /// They are not: too many failed.
    case open
    /// A few are, to see whether the recipient is back.
    case halfOpen = "half-open"
}
