import Instruments

/// Metrics of a group consumer.
package struct GroupMetrics: MetricSet {
    let backlog: GaugeMetric
    let unfinished: GaugeMetric
    let records: CounterMetric
    let dropped: TotalMetric
    let skipped: TotalMetric
    let intakePauses: CounterMetric
    let lost: CounterMetric
    let stalled: GaugeMetric
    let commitFailures: CounterMetric
    let renewals: CounterMetric
    let oldest: OpenGaugeFamily

    /// An instance for the list of all metrics.
    package static var sample: GroupMetrics { GroupMetrics(group: "", topics: []) }

    /// - Parameter topics: the topics that are known before any record is read.
    init(group: String, topics: [String]) {
        let labels: KeyValuePairs = ["group": group]
        backlog = GaugeMetric(
            "ocn_kafka_consumer_backlog_records", unit: "records", labels: labels,
            "Records of the partitions read here that are not finished, those in Kafka included.")
        unfinished = GaugeMetric(
            "ocn_kafka_consumer_unfinished_records", unit: "records", labels: labels, "Records that were read and are being worked on.")
        records = CounterMetric("ocn_kafka_consumer_records_total", unit: "records", labels: labels, "Records read.")
        dropped = TotalMetric(
            "ocn_kafka_consumer_dropped_results_total", unit: "results", labels: labels,
            "Results that came after their partition had gone to another process; the record comes again there.")
        skipped = TotalMetric(
            "ocn_kafka_consumer_skipped_records_total", unit: "records", labels: labels,
            "Records that were read again and left alone, because an earlier owner of the partition had finished them.")
        intakePauses = CounterMetric(
            "ocn_kafka_consumer_intake_pauses_total", unit: "pauses", labels: labels,
            "Times reading paused because what is finished ahead of an unfinished record hardly fits into the commit.")
        lost = CounterMetric(
            "ocn_kafka_consumer_lost_records_total", unit: "records", labels: labels,
            "Records that Kafka had deleted before they were read.")
        stalled = GaugeMetric(
            "ocn_kafka_consumer_stalled_partitions", unit: "partitions", labels: labels,
            "Partitions that have something to read and do not get on.")
        commitFailures = CounterMetric(
            "ocn_kafka_consumer_commit_failures_total", unit: "commits", labels: labels,
            "Commits that Kafka refused; ordinary while partitions move between processes.")
        renewals = CounterMetric(
            "ocn_kafka_consumer_renewals_total", unit: "clients", labels: labels,
            "Times a member that was out of its group for too long joined anew with a fresh client.")
        oldest = OpenGaugeFamily(
            "ocn_kafka_consumer_oldest_waiting_seconds", unit: "seconds", labels: labels, label: "topic", values: topics,
            "How long the oldest record that is read here and not finished has waited; of what is not read yet, since reading came to rest."
        )
    }
}
