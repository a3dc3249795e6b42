/// Receives the events of a `GroupConsumer`. All calls run on the consumer's poll thread.
///
/// **No call may block.** During a call nothing is read, no commit is sent or answered, no command is carried out and no rebalance begins;
/// only librdkafka's own threads continue with heartbeats. A call may look at records, take locks that others hold for microseconds, and
/// hand work to other threads. Work that takes longer must be queued, and its partitions paused by the bytes that wait
/// (``RecordAcknowledger/pause(_:)``).
///
/// Waits, and their time limits:
///
/// | wait | bound |
/// |---|---|
/// | the consumer, before `assigned`, for what the group has committed | 30 s |
/// | the consumer, after `revoked`, for records that are neither finished nor abandoned | `Settings.drain`, 2 s |
/// | the consumer, after that, for Kafka's answers to commits | 3 s each |
/// | EXCHANGE and PUSH in `received`, only if a batch names a newer `ocn.state` than this process has read | 250 ms per batch |
///
/// `GroupConsumer.stalls()` reports a call that lasts longer than a minute; after `max.poll.interval.ms` (5 min) the group reassigns the
/// partitions.
package protocol GroupHandler: Sendable {
    /// Reports the group's committed offsets of the partitions that `assigned` is about to name (offset -1: none; a missing partition:
    /// Kafka could not be asked). Default: ignored.
    func resuming(_ committed: [CommitOffset], epoch: UInt64)
    /// Reports assigned partitions, before their first record. May be empty: the group has more members than partitions.
    func assigned(_ partitions: [TopicPartition], epoch: UInt64, acknowledger: RecordAcknowledger)
    /// Receives records in partition order. Each record must end in exactly one `finished` of the acknowledger; after its partition was
    /// revoked, or when the handler ends, it may instead be counted once in `abandoned`.
    func received(_ batch: [IncomingRecord], acknowledger: RecordAcknowledger)
    /// Reports commits that Kafka has accepted, with their metadata; this member was in the group after they were made. Their partitions
    /// may have been revoked since. A commit without an answer may have been accepted too. Default: ignored.
    func committed(_ offsets: [CommitOffset])
    /// Start no more work on these partitions, and abandon records that have not begun. The consumer then waits at most `drain` for records
    /// that are neither finished nor abandoned, commits and gives the partitions up. If they are lost, another member may have them already
    /// and nothing is committed.
    func revoked(_ partitions: [TopicPartition], lost: Bool, acknowledger: RecordAcknowledger)
    /// Reports offsets of an assigned partition that are no longer in the log: they were deleted before they were read, or the log was
    /// truncated or created again and ends before the group's offset. Reading continues at the oldest record; in the second case the
    /// partition is first revoked and assigned again. Already logged and counted. Default: ignored.
    func lost(_ partition: TopicPartition, _ offsets: Range<Int64>)
    /// Reports a consumer error (broker down, offset out of range…). The consumer continues by itself unless the error is fatal. Already
    /// logged. Default: ignored.
    func failed(_ error: KafkaError)
}

extension GroupHandler {
    /// Ignores it.
    package func resuming(_ committed: [CommitOffset], epoch: UInt64) {}

    /// Ignores it.
    package func committed(_ offsets: [CommitOffset]) {}

    /// Ignores it.
    package func lost(_ partition: TopicPartition, _ offsets: Range<Int64>) {}

    /// Ignores it.
    package func failed(_ error: KafkaError) {}
}
