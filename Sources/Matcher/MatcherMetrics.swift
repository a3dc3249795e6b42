import Instruments

/// MATCHER's metrics, made once.
package struct MatcherMetrics: MetricSet {
    let requests = CounterMetric("ocn_matcher_requests_total", unit: "requests", "Requests that were looked at.")
    let copies = CounterMetric("ocn_matcher_copies_total", unit: "copies", "Copies for services that Kafka has taken.")
    let announcements = CounterMetric(
        "ocn_matcher_announcements_total", unit: "announcements", "Broadcasts and stored requests for parties that Kafka has taken.")
    let repeats = CounterMetric(
        "ocn_matcher_repeated_requests_total", unit: "requests",
        "Broadcasts and stored requests that came again and were not passed on a second time.")
    let unreadable = CounterMetric(
        "ocn_matcher_unreadable_records_total", unit: "records", "Records of the topic of requests that could not be read.")
    let implausible = CounterMetric(
        "ocn_matcher_implausible_records_total", unit: "records",
        "Requests whose time or state version cannot be true; their copies went to the dead letters.")
    let waits = CounterMetric(
        "ocn_matcher_state_waits_total", unit: "waits", "Times that a batch waited a second for the newest agreements and did not get them."
    )

    /// An instance for the list of all metrics.
    package static var sample: MatcherMetrics { MatcherMetrics() }
}
