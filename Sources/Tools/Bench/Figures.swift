/// What one round says about the recipients that never hang.
struct Figures: Sendable, Equatable {
    /// What of it is compared.
    enum Measure: String, CaseIterable, Sendable {
        case p50, p95, p99
        case longest = "max"
        case perSecond = "per_second"
    }

    /// Milliseconds, but for `perSecond`.
    var values: [Measure: Double] = [:]
    /// How many there were in time.
    var count = 0
    /// How many ended otherwise, or not at all.
    var failed = 0

    subscript(_ measure: Measure) -> Double { values[measure] ?? 0 }
}
