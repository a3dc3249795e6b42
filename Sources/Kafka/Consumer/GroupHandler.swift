/// What a `GroupConsumer` tells its owner. Everything runs on the consumer's poll thread.
///
/// **No call may block.** While one lasts nothing is read, no commit is sent or answered, no command is carried out and no rebalance begins;
/// librdkafka's own threads go on with heartbeats only. What a call may do is to look at records, take locks that others hold for
/// microseconds, and hand work to other threads. What takes longer is kept aside, and its partitions are paused by the bytes that wait
/// (``RecordAcknowledger/pause(_:)``).
///
/// What waits, and for how long:
///
/// | wait | bound |
/// |---|---|
/// | the consumer, before `assigned`, for what the group has committed | 30 s |
/// | the consumer, after `revoked`, for records that are neither finished nor abandoned | `Settings.drain`, 2 s |
/// | the consumer, after that, for Kafka's answers to commits | 3 s each |
/// | EXCHANGE and PUSH in `received`, only when a batch names a newer `ocn.state` than is read here | 250 ms a batch |
///
/// A call that lasts longer than a minute is told by `GroupConsumer.stalls()`; past `max.poll.interval.ms` (5 min) the group gives the
/// partitions to others.
package protocol GroupHandler: Sendable {
    /// Reports the group's committed offsets of the partitions that `assigned` is about to name (offset -1: none; a missing partition:
    /// Kafka could not be asked). Default: ignored.
    func resuming(_ committed: [CommitOffset], epoch: UInt64)
    /// These partitions are ours, before their first record. May be empty: the group has more members than partitions.
    func assigned(_ partitions: [TopicPartition], epoch: UInt64, acknowledger: RecordAcknowledger)
    /// Records in partition order. Each must end in exactly one `finished` of the acknowledger; once its partition is revoked, or the handler
    /// ends, it may instead be counted once in its `abandoned`.
    func received(_ batch: [IncomingRecord], acknowledger: RecordAcknowledger)
    /// Kafka has taken these commits, with the metadata that was made for them, and so this member was in the group after they were made.
    /// Of partitions that may not be ours any more; a commit without an answer may have been taken all the same. Default: ignored.
    func committed(_ offsets: [CommitOffset])
    /// Stop starting work on these, and abandon what has not begun. The consumer then waits at most `drain` for records that are neither
    /// finished nor abandoned, commits and lets go; if they are lost, another member may have them already and nothing is committed.
    func revoked(_ partitions: [TopicPartition], lost: Bool, acknowledger: RecordAcknowledger)
    /// These offsets of a partition of ours are no longer in the log: deleted before they were read, or the group was behind them and the
    /// log, cut or made anew, ends before them. Reading goes on at the oldest record; in the second case the partition is revoked and
    /// assigned anew first. Logged and counted already. Default: ignored.
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
