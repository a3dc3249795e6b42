import Metrics
import NIOCore
import Synchronization

/// A number that goes up and down: a meter, or a recorder that keeps only the last value.
final class GaugeSeries: Series, MeterHandler, RecorderHandler {
    let labels: String
    private let value = Atomic<Double>(0)

    init(labels: String) {
        self.labels = labels
    }

    func set(_ value: Int64) {
        self.value.store(Double(value), ordering: .relaxed)
    }

    func set(_ value: Double) {
        self.value.store(value, ordering: .relaxed)
    }

    func increment(by amount: Double) {
        value.add(amount)
    }

    func decrement(by amount: Double) {
        value.add(-amount)
    }

    func record(_ value: Int64) {
        set(value)
    }

    func record(_ value: Double) {
        set(value)
    }

    func write(name: String, into buffer: inout ByteBuffer) {
        let text = MetricText.number(value.load(ordering: .relaxed))
        MetricText.writeSample(name, labels: labels, value: text, into: &buffer)
    }
}
