/// Compares rounds with unresponsive recipients to rounds without.
struct Comparison: Sendable {
    /// The largest accepted relative deterioration.
    static let tolerance = 0.1
    let without: [Figures]
    let with: [Figures]

    /// The median over the rounds.
    static func median(_ measure: Figures.Measure, of rounds: [Figures]) -> Double {
        let values = rounds.map { $0[measure] }.sorted()
        guard let upper = values.dropFirst(values.count / 2).first else { return 0 }
        return values.count % 2 == 1 ? upper : (values[values.count / 2 - 1] + upper) / 2
    }

    /// The difference between the largest and the smallest value of the rounds, relative to the median: the variation without any change.
    static func spread(_ measure: Figures.Measure, of rounds: [Figures]) -> Double {
        let values = rounds.map { $0[measure] }
        guard let least = values.min(), let most = values.max(), most > least else { return 0 }
        return (most - least) / median(measure, of: rounds)
    }

    /// The ratio of the medians, with to without; nil if there are no values.
    func ratio(_ measure: Figures.Measure) -> Double? {
        let base = Self.median(measure, of: without)
        return base > 0 ? Self.median(measure, of: with) / base : nil
    }

    /// Whether the 99th percentile of latency and the throughput deteriorated by at most ``tolerance``.
    var isWithinTolerance: Bool { objections.isEmpty }

    /// Descriptions of larger deteriorations.
    var objections: [String] {
        guard let p99 = ratio(.p99), let perSecond = ratio(.perSecond), (without + with).allSatisfy({ $0.count > 0 }) else {
            return ["nothing arrived in time in some rounds, so there is nothing to compare"]
        }
        func text(_ value: Double) -> String { IsolationResult.decimal(value, digits: 3) }
        var objections: [String] = []
        if p99 > 1 + Self.tolerance { objections.append("p99 is \(text(p99)) times as long, more than \(text(1 + Self.tolerance))") }
        if perSecond < 1 - Self.tolerance {
            objections.append("throughput is \(text(perSecond)) of what it was, less than \(text(1 - Self.tolerance))")
        }
        return objections
    }

    /// Whether rounds of the same kind differ by more than the accepted deterioration.
    var isNoisy: Bool { [without, with].contains { Self.spread(.p99, of: $0) > Self.tolerance } }
}
