import Instruments

/// The deviation of this process's clock.
struct ClockMetrics: MetricSet {
    let skew = GaugeMetric(
        "ocn_clock_skew_seconds", unit: "seconds", "How far this process's clock is ahead of those of the node's other processes.")
    let offset = GaugeMetric("ocn_clock_offset_seconds", unit: "seconds", "How far this process's clock is ahead of Kafka's.")

    static var sample: ClockMetrics { ClockMetrics() }
}
