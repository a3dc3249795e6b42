package import Metrics
import Synchronization

/// A metric whose series appear while the process runs: one for each value of its last label, such as a topic. The values must be few.
/// Finding a series takes a lock, so it suits values that are recorded every few seconds.
package final class OpenMetricFamily<Handle: MetricHandle>: DeclaredMetric {
    /// The metric's declaration.
    package let declaration: MetricDeclaration
    private let fixed: [(String, String)]
    private let label: String
    private let handles = Mutex<[String: Handle]>([:])

    /// - Parameters:
    ///   - name: the name at `/metrics`.
    ///   - unit: `seconds`, `bytes`, or the noun that is counted.
    ///   - labels: labels of all series, before the last one.
    ///   - label: the name of the last label.
    ///   - values: values of the last label that exist from the start.
    ///   - help: one sentence for operators.
    package init(
        _ name: String, unit: String, labels: KeyValuePairs<String, String> = [:], label: String, values: [String] = [], _ help: String
    ) {
        declaration = MetricDeclaration(
            name, Handle.kind, unit: unit, labels: labels.map { MetricDeclaration.Label($0.key) } + [MetricDeclaration.Label(label)], help)
        fixed = labels.map { ($0.key, $0.value) }
        self.label = label
        for value in values { _ = handle(value) }
    }

    /// The values of the last label that have a series.
    package var values: [String] { handles.withLock { $0.keys.sorted() } }

    fileprivate func handle(_ value: String) -> Handle {
        handles.withLock { handles in
            if let known = handles[value] { return known }
            let new = Handle.make(declaration.name, fixed + [(label, value)])
            handles[value] = new
            return new
        }
    }
}

/// Shows present amounts by a value that is not known in advance.
package typealias OpenGaugeFamily = OpenMetricFamily<Gauge>

extension OpenMetricFamily where Handle == Gauge {
    /// Sets the number of this value's series.
    package func record(_ number: Double, _ value: String) { handle(value).record(number) }
}
