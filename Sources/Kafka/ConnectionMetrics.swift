import Instruments

/// Metrics of all Kafka connections of the process.
package struct ConnectionMetrics: MetricSet {
    let open = GaugeMetric(
        "ocn_kafka_connections", unit: "connections", "Connections to Kafka's brokers that are open, those being opened included.")

    /// An instance for the list of all metrics.
    package static var sample: ConnectionMetrics { ConnectionMetrics() }
}
