import Instruments

/// What signing again shows of itself.
package struct ResigningMetrics: MetricSet {
    let untouched = CounterMetric(
        "ocn_signatures_not_rewritten_total", unit: "messages",
        "Signed messages that were changed and passed on with the old signature, because it was unreadable or did not fit.")

    /// For the list of all metrics.
    package static var sample: ResigningMetrics { ResigningMetrics() }
}
