import Instruments

/// The metrics of ``Resigning``.
package struct ResigningMetrics: MetricSet {
    let untouched = CounterMetric(
        "ocn_signatures_not_rewritten_total", unit: "messages",
        "Signed messages that were changed and passed on with the old signature, because it was unreadable or did not fit.")

    /// An instance for the list of all metrics.
    package static var sample: ResigningMetrics { ResigningMetrics() }
}
