import Instruments

/// Metrics of a producer.
package struct ProducerMetrics: MetricSet {
    let queueLength: GaugeMetric
    let failures: CounterMetric

    /// An instance for the list of all metrics.
    package static var sample: ProducerMetrics { ProducerMetrics(client: "") }

    init(client: String) {
        let labels: KeyValuePairs = ["client": client]
        queueLength = GaugeMetric(
            "ocn_kafka_producer_queue_records", unit: "records", labels: labels,
            "Records that Kafka has not acknowledged yet.")
        failures = CounterMetric(
            "ocn_kafka_producer_failures_total", unit: "records", labels: labels, "Records that could not be written.")
    }
}
