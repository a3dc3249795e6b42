import Metrics

/// What a group consumer shows of itself. Handles are made once: looking one up costs more than recording.
struct GroupMetrics: Sendable {
    let backlog: Gauge
    let unfinished: Gauge
    let records: Counter
    let dropped: Gauge
    let commitFailures: Counter
    /// Records an earlier owner had finished.
    let skipped: Gauge
    /// Times reading paused because what is finished ahead hardly fits into the commit.
    let intakePauses: Counter
    /// Offsets that were no longer in the log when they were to be read.
    let lost: Counter
    /// Partitions that have something to read and do not get on.
    let stalled: Gauge

    init(group: String) {
        let dimensions = [("group", group)]
        backlog = Gauge(label: "kafka_consumer_backlog_records", dimensions: dimensions)
        unfinished = Gauge(label: "kafka_consumer_unfinished_records", dimensions: dimensions)
        records = Counter(label: "kafka_consumer_records", dimensions: dimensions)
        dropped = Gauge(label: "kafka_consumer_dropped_results", dimensions: dimensions)
        skipped = Gauge(label: "kafka_consumer_skipped_records", dimensions: dimensions)
        intakePauses = Counter(label: "kafka_consumer_intake_pauses", dimensions: dimensions)
        lost = Counter(label: "kafka_consumer_lost_records", dimensions: dimensions)
        stalled = Gauge(label: "kafka_consumer_stalled_partitions", dimensions: dimensions)
        commitFailures = Counter(label: "kafka_consumer_commit_failures", dimensions: dimensions)
    }
}
