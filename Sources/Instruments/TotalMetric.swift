import Metrics
import Synchronization

/// A counter fed from a total that somebody else keeps.
package final class TotalMetric: DeclaredMetric {
    private let counter: CounterMetric
    private let seen = Atomic<Int>(0)

    /// What is measured.
    package var declaration: MetricDeclaration { counter.declaration }

    /// - Parameters: as for ``Metric``.
    package init(_ name: String, unit: String, labels: KeyValuePairs<String, String> = [:], _ help: String) {
        counter = CounterMetric(name, unit: unit, labels: labels, help)
    }

    /// Counts by how much the total has risen since it was recorded last. One that fell begins anew.
    package func record(_ total: Int) {
        let before = seen.exchange(total, ordering: .relaxed)
        counter.increment(by: total < before ? total : total - before)
    }
}
