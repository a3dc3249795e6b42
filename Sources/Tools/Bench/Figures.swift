/// The measurements of one round for the recipients that always answer.
struct Figures: Sendable, Equatable {
    /// The measurements that are compared.
    enum Measure: String, CaseIterable, Sendable {
        case p50, p95, p99
        case longest = "max"
        case perSecond = "per_second"
    }

    /// Milliseconds, except `perSecond`.
    var values: [Measure: Double] = [:]
    /// Number of requests or copies that arrived in time.
    var count = 0
    /// Number of requests or copies that failed or never arrived.
    var failed = 0

    subscript(_ measure: Measure) -> Double { values[measure] ?? 0 }
}
