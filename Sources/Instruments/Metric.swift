package import Metrics

/// One series of a metric, declared where it is made. Made once and kept: making it takes a lock, measuring takes none.
package struct Metric<Handle: MetricHandle>: DeclaredMetric {
    /// What is measured.
    package let declaration: MetricDeclaration
    private let handle: Handle

    /// - Parameters:
    ///   - name: as at `/metrics`.
    ///   - unit: `seconds`, `bytes`, or the noun that is counted.
    ///   - labels: of this series, if its owner is one of several, e.g. the group of a consumer.
    ///   - help: one sentence for people who operate the node.
    package init(_ name: String, unit: String, labels: KeyValuePairs<String, String> = [:], _ help: String) {
        declaration = MetricDeclaration(name, Handle.kind, unit: unit, labels: labels.map { .init($0.key) }, help)
        handle = Handle.make(name, labels.map { ($0.key, $0.value) })
    }
}

/// Counts events.
package typealias CounterMetric = Metric<Counter>
/// Shows how much of something there is.
package typealias GaugeMetric = Metric<Gauge>
/// Measures how long something takes.
package typealias TimerMetric = Metric<Timer>

extension Metric where Handle == Counter {
    /// Counts one more, or so many.
    package func increment(by amount: Int = 1) { handle.increment(by: amount) }
}

extension Metric where Handle == Gauge {
    /// Shows this from now on.
    package func record(_ value: Int) { handle.record(value) }

    /// Shows this from now on.
    package func record(_ value: Int64) { handle.record(value) }

    /// Shows this from now on.
    package func record(_ value: Double) { handle.record(value) }
}

extension Metric where Handle == Timer {
    /// Adds one duration.
    package func recordNanoseconds(_ duration: Int64) { handle.recordNanoseconds(duration) }
}
