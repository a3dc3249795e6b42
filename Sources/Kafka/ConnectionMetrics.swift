import Instruments

/// What all clients of the process together show of themselves.
package struct ConnectionMetrics: MetricSet {
    let open = GaugeMetric(
        "ocn_kafka_connections", unit: "connections", "Connections to Kafka's brokers that are open, those being opened included.")

    /// For the list of all metrics.
    package static var sample: ConnectionMetrics { ConnectionMetrics() }
}
