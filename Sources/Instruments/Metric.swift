package import Metrics

/// One series of a metric with its declaration. Keep the instance: making it takes a lock, measuring takes none.
package struct Metric<Handle: MetricHandle>: DeclaredMetric {
    /// The metric's declaration.
    package let declaration: MetricDeclaration
    private let handle: Handle

    /// - Parameters:
    ///   - name: the name at `/metrics`.
    ///   - unit: `seconds`, `bytes`, or the noun that is counted.
    ///   - labels: the labels of this series, if its owner is one of several, e.g. the group of a consumer.
    ///   - help: one sentence for operators.
    package init(_ name: String, unit: String, labels: KeyValuePairs<String, String> = [:], _ help: String) {
        declaration = MetricDeclaration(name, Handle.kind, unit: unit, labels: labels.map { .init($0.key) }, help)
        handle = Handle.make(name, labels.map { ($0.key, $0.value) })
    }
}

/// Counts events.
package typealias CounterMetric = Metric<Counter>
/// Shows a present amount.
package typealias GaugeMetric = Metric<Gauge>
/// Measures durations.
package typealias TimerMetric = Metric<Timer>

extension Metric where Handle == Counter {
    /// Adds to the count.
    package func increment(by amount: Int = 1) { handle.increment(by: amount) }
}

extension Metric where Handle == Gauge {
    /// Sets the value.
    package func record(_ value: Int) { handle.record(value) }

    /// Sets the value.
    package func record(_ value: Int64) { handle.record(value) }

    /// Sets the value.
    package func record(_ value: Double) { handle.record(value) }
}

extension Metric where Handle == Timer {
    /// Adds one duration.
    package func recordNanoseconds(_ duration: Int64) { handle.recordNanoseconds(duration) }
}
