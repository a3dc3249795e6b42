import Instruments

/// Metrics of the follower of `ocn.state`.
package struct StateMetrics: MetricSet {
    let unreadable = CounterMetric(
        "ocn_state_unreadable_records_total", unit: "records", "Records of the topic of shared state that could not be read.")
    let implausible = CounterMetric(
        "ocn_state_implausible_records_total", unit: "records",
        "Records of the topic of shared state with a time in the future, which was taken for now.")
    let position = GaugeMetric(
        "ocn_state_position", unit: "offset", "How far the shared state is known here: the next offset. Processes of one node agree.")

    /// An instance for the list of all metrics.
    package static var sample: StateMetrics { StateMetrics() }
}
