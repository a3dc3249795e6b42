import Metrics
import NIOCore
import Synchronization

/// A distribution in fixed buckets: a timer (in seconds) or an aggregating recorder.
///
/// A render in the middle of a recording may see its bucket but not yet its sum; the next one sees both.
final class HistogramSeries: Series, RecorderHandler, TimerHandler {
    static let limitCount = 15

    let labels: String
    private let limits: HistogramLimits
    private let buckets: InlineArray<16, Atomic<UInt64>>
    private let sum = Atomic<Double>(0)

    init(labels: String, limits: HistogramLimits) {
        self.labels = labels
        self.limits = limits
        self.buckets = InlineArray { _ in Atomic<UInt64>(0) }
    }

    func record(_ value: Int64) {
        record(Double(value))
    }

    /// Records a value. NaN and infinities are ignored, because they would spoil the sum for ever.
    func record(_ value: Double) {
        guard value.isFinite else { return }
        let bucket = limits.values.firstIndex { value <= $0 } ?? Self.limitCount
        buckets[bucket].wrappingAdd(1, ordering: .relaxed)
        sum.add(value)
    }

    /// Records a duration. A negative one comes from a clock that was set back, and counts as zero.
    func recordNanoseconds(_ duration: Int64) {
        record(Double(max(0, duration)) / 1_000_000_000)
    }

    func write(name: String, into buffer: inout ByteBuffer) {
        let separator = labels.isEmpty ? "" : ","
        var count: UInt64 = 0
        for index in buckets.indices {
            count &+= buckets[index].load(ordering: .relaxed)
            let limit = index < Self.limitCount ? limits.texts[index] : "+Inf"
            let labels = "\(labels)\(separator)le=\"\(limit)\""
            MetricText.writeSample("\(name)_bucket", labels: labels, value: String(count), into: &buffer)
        }
        let sum = MetricText.number(sum.load(ordering: .relaxed))
        MetricText.writeSample("\(name)_sum", labels: labels, value: sum, into: &buffer)
        MetricText.writeSample("\(name)_count", labels: labels, value: String(count), into: &buffer)
    }
}
