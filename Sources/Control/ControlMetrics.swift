import Instruments

/// CONTROL's metrics, made once.
package struct ControlMetrics: MetricSet {
    let leading = GaugeMetric("ocn_control_leading", unit: "0 or 1", "1 in the process that leads, 0 in the others.")
    let failures: CounterFamily<String>

    /// An instance for the list of all metrics.
    package static var sample: ControlMetrics { ControlMetrics(duties: []) }

    init(duties: [String]) {
        failures = CounterFamily(
            "ocn_control_failures_total", unit: "failures", labels: ["duty"], series: duties.map { ($0, [$0]) },
            "Times a duty of the leader failed; its earlier results stay in force, and it is retried.")
    }
}
