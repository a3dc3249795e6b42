import Metrics

/// Upper limits of a histogram's buckets, ascending; one more bucket takes values above the last.
struct HistogramLimits: Sendable {
    let values: [Double]
    let texts: [String]

    init(_ values: [Double]) {
        precondition(values.count == HistogramSeries.limitCount)
        self.values = values
        self.texts = values.map(MetricText.number)
    }

    /// For timers: 1 ms to 60 s.
    static let seconds = HistogramLimits([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60])

    /// For recorders, which count records or bytes here: the powers of four up to 256 MiB.
    static let sizes = HistogramLimits((0..<HistogramSeries.limitCount).map { Double(1 << (2 * $0)) })
}
