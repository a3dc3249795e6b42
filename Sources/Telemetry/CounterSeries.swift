import Metrics
import NIOCore
import Synchronization

/// A number that only rises. Integers and fractions are kept apart, so that counting events stays one atomic addition.
final class CounterSeries: Series, CounterHandler, FloatingPointCounterHandler {
    let labels: String
    private let whole = Atomic<Int64>(0)
    private let fraction = Atomic<Double>(0)

    init(labels: String) {
        self.labels = labels
    }

    /// Negative amounts are ignored: a falling counter looks like a restart to Prometheus.
    func increment(by amount: Int64) {
        guard amount > 0 else { return }
        whole.wrappingAdd(amount, ordering: .relaxed)
    }

    func increment(by amount: Double) {
        guard amount > 0, amount.isFinite else { return }
        fraction.add(amount)
    }

    func reset() {
        whole.store(0, ordering: .relaxed)
        fraction.store(0, ordering: .relaxed)
    }

    func write(name: String, into buffer: inout ByteBuffer) {
        let whole = whole.load(ordering: .relaxed)
        let fraction = fraction.load(ordering: .relaxed)
        let text = fraction == 0 ? String(whole) : MetricText.number(Double(whole) + fraction)
        MetricText.writeSample(name, labels: labels, value: text, into: &buffer)
    }
}
