import Metrics
import Synchronization

/// A counter fed from a running total that another component keeps.
package final class TotalMetric: DeclaredMetric {
    private let counter: CounterMetric
    private let seen = Atomic<Int>(0)

    /// The metric's declaration.
    package var declaration: MetricDeclaration { counter.declaration }

    /// - Parameters: as for ``Metric``.
    package init(_ name: String, unit: String, labels: KeyValuePairs<String, String> = [:], _ help: String) {
        counter = CounterMetric(name, unit: unit, labels: labels, help)
    }

    /// Counts the increase since the last record. A smaller total counts from zero.
    package func record(_ total: Int) {
        let before = seen.exchange(total, ordering: .relaxed)
        counter.increment(by: total < before ? total : total - before)
    }
}
