/// What a `GroupConsumer` tells its owner. Everything runs on the consumer's poll thread and must not block it.
package protocol GroupHandler: Sendable {
    /// The group has committed this much of the partitions that `assigned` is about to name (offset -1: nothing; a partition that is
    /// missing: Kafka could not be asked). Default: ignored.
    func resuming(_ committed: [CommitOffset], epoch: UInt64)
    /// These partitions are ours, before their first record. May be empty: the group has more members than partitions.
    func assigned(_ partitions: [TopicPartition], epoch: UInt64)
    /// Records in partition order. Each must end in exactly one `GroupConsumer.finished`; once its partition is revoked it may instead be
    /// counted in `GroupConsumer.abandoned`.
    func received(_ batch: [IncomingRecord])
    /// Kafka has taken these commits, with the metadata that was made for them, and so this member was in the group after they were made.
    /// Of partitions that may not be ours any more; a commit without an answer may have been taken all the same. Default: ignored.
    func committed(_ offsets: [CommitOffset])
    /// Stop starting work on these. The consumer then waits at most `drain` for records that are neither finished nor abandoned, commits
    /// and lets go; if they are lost, another member may have them already and nothing is committed.
    func revoked(_ partitions: [TopicPartition], lost: Bool)
    /// These offsets of a partition of ours are no longer in the log: deleted before they were read, or the group was behind them and the
    /// log, cut or made anew, ends before them. Reading goes on at the oldest record; in the second case the partition is revoked and
    /// assigned anew first. Logged and counted already. Default: ignored.
    func lost(_ partition: TopicPartition, _ offsets: Range<Int64>)
    /// Something is wrong with the consumer (broker down, offset out of range…). It goes on by itself unless the error is fatal. Logged
    /// already. Default: ignored.
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
