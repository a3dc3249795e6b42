import Histogram

/// A histogram of latencies with three significant digits, in microseconds (HdrHistogram). A value.
struct Latencies: Sendable {
    private var histogram: Histogram<UInt32> = {
        var histogram = Histogram<UInt32>(numberOfSignificantValueDigits: .three)
        histogram.autoResize = true
        return histogram
    }()

    /// Values are clamped to the range of 1 µs to 1 h.
    mutating func note(_ duration: Duration) {
        let microseconds = (duration / .microseconds(1)).rounded()
        histogram.record(UInt64(min(max(microseconds, 1), 3_600_000_000)))
    }

    var count: Int { Int(histogram.totalCount) }

    /// The percentile; zero if there are no values.
    /// - Parameter percent: from 0 to 100.
    func percentile(_ percent: Double) -> Duration {
        guard count > 0 else { return .zero }
        return .microseconds(Int64(histogram.valueAtPercentile(percent)))
    }

    /// The largest value; zero if there are none.
    var longest: Duration { count > 0 ? .microseconds(Int64(histogram.maxRecorded)) : .zero }
}
