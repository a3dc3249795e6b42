package import Metrics

/// A metric with one series for each of its keys. All of them are there from the start, so that a rate sees the first event too.
package struct MetricFamily<Key: Hashable & Sendable, Handle: MetricHandle>: DeclaredMetric {
    /// What is measured.
    package let declaration: MetricDeclaration
    private let handles: [Key: Handle]

    /// - Parameters:
    ///   - name: as at `/metrics`.
    ///   - unit: `seconds`, `bytes`, or the noun that is counted.
    ///   - labels: names of the labels.
    ///   - series: every key with its value of each label.
    ///   - help: one sentence for people who operate the node.
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
    /// One series for each case.
    /// - Parameters: as above, but for the only label.
    package init(_ name: String, unit: String, label: String, _ help: String) {
        self.init(name, unit: unit, labels: [label], series: Key.allCases.map { ($0, [$0.rawValue]) }, help)
    }
}

/// Counts events, told apart by a key.
package typealias CounterFamily<Key: Hashable & Sendable> = MetricFamily<Key, Counter>
/// Shows how much of something there is, told apart by a key.
package typealias GaugeFamily<Key: Hashable & Sendable> = MetricFamily<Key, Gauge>
/// Measures how long something takes, told apart by a key.
package typealias TimerFamily<Key: Hashable & Sendable> = MetricFamily<Key, Timer>

extension MetricFamily where Handle == Counter {
    /// Counts one more of this key; nothing for a key without a series.
    package func increment(_ key: Key) { handles[key]?.increment() }
}

extension MetricFamily where Handle == Gauge {
    /// Shows this of this key from now on; nothing for a key without a series.
    package func record(_ value: Int, _ key: Key) { handles[key]?.record(value) }
}

extension MetricFamily where Handle == Timer {
    /// Adds one duration of this key; nothing for a key without a series.
    package func recordNanoseconds(_ duration: Int64, _ key: Key) { handles[key]?.recordNanoseconds(duration) }
}
