import Instruments

/// Metrics of the follower of `ocn.links`.
package struct LinkMetrics: MetricSet {
    let unreadable = CounterMetric(
        "ocn_links_unreadable_records_total", unit: "records", "Records of the topic of hub URLs that could not be read.")
    let refused = CounterMetric(
        "ocn_links_refused_total", unit: "links", "Hub URLs that were not stored because their party has as many of the kind as it may.")
    let dropped = CounterMetric(
        "ocn_links_dropped_total", unit: "links", "Hub URLs that were forgotten before their time because there are too many.")

    /// An instance for the list of all metrics.
    package static var sample: LinkMetrics { LinkMetrics() }
}
