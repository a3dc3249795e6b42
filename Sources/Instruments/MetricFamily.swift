package import Metrics

/// A metric with one series for each key. All series exist from the start, so that a rate includes the first event.
package struct MetricFamily<Key: Hashable & Sendable, Handle: MetricHandle>: DeclaredMetric {
    /// The metric's declaration.
    package let declaration: MetricDeclaration
    private let handles: [Key: Handle]

    /// - Parameters:
    ///   - name: the name at `/metrics`.
    ///   - unit: `seconds`, `bytes`, or the noun that is counted.
    ///   - labels: the names of the labels.
    ///   - series: every key with its value of each label.
    ///   - help: one sentence for operators.
    package init(_ name: String, unit: String, labels: [String], series: [(key: Key, values: [String])], _ help: String) {
        precondition(series.allSatisfy { $0.values.count == labels.count }, "\(name): every series has one value for each label")
        var values = labels.map { _ in [String]() }
        for (_, texts) in series {
            for (index, text) in texts.enumerated() where !values[index].contains(text) { values[index].append(text) }
        }
        declaration = MetricDeclaration(
            name, Handle.kind, unit: unit, labels: zip(labels, values).map { MetricDeclaration.Label($0, values: $1) }, help)
        handles = Dictionary(series.map { ($0.key, Handle.make(name, Array(zip(labels, $0.values)))) }) { first, _ in first }
    }
}

extension MetricFamily where Key: CaseIterable & RawRepresentable, Key.RawValue == String {
    /// Makes one series for each case of the key.
    /// - Parameter label: the only label; the other parameters are those of ``init(_:unit:labels:series:_:)``.
    package init(_ name: String, unit: String, label: String, _ help: String) {
        self.init(name, unit: unit, labels: [label], series: Key.allCases.map { ($0, [$0.rawValue]) }, help)
    }
}

/// Counts events by a key.
package typealias CounterFamily<Key: Hashable & Sendable> = MetricFamily<Key, Counter>
/// Shows present amounts by a key.
package typealias GaugeFamily<Key: Hashable & Sendable> = MetricFamily<Key, Gauge>
/// Measures durations by a key.
package typealias TimerFamily<Key: Hashable & Sendable> = MetricFamily<Key, Timer>

extension MetricFamily where Handle == Counter {
    /// Adds one to this key's count; does nothing for a key without a series.
    package func increment(_ key: Key) { handles[key]?.increment() }
}

extension MetricFamily where Handle == Gauge {
    /// Sets this key's value; does nothing for a key without a series.
    package func record(_ value: Int, _ key: Key) { handles[key]?.record(value) }
}

extension MetricFamily where Handle == Timer {
    /// Adds one duration of this key; does nothing for a key without a series.
    package func recordNanoseconds(_ duration: Int64, _ key: Key) { handles[key]?.recordNanoseconds(duration) }
}
