/// The callbacks of a ``GroupConsumer``. They run on the consumer's poll thread and must not block it.
package protocol GroupHandler: Sendable {
    /// Reports the group's committed offsets of the partitions that `assigned` is about to name (offset -1: none; a missing partition:
    /// Kafka could not be asked). Default: ignored.
    func resuming(_ committed: [CommitOffset], epoch: UInt64)
    /// Reports newly assigned partitions, before their first record. The list may be empty when the group has more members than partitions.
    func assigned(_ partitions: [TopicPartition], epoch: UInt64)
    /// Hands over records in partition order. Each must end in exactly one `GroupConsumer.finished`; once its partition is revoked it may
    /// instead be counted in `GroupConsumer.abandoned`.
    func received(_ batch: [IncomingRecord])
    /// Reports commits that Kafka has taken, with their metadata; so this member was in the group after they were made. A partition may
    /// have been revoked meanwhile, and a commit without an answer may have been taken too. Default: ignored.
    func committed(_ offsets: [CommitOffset])
    /// Revokes partitions; the handler must start no more work on them. The consumer then waits at most `drain` for records that are
    /// neither finished nor abandoned, commits and releases the partitions. If they are `lost`, another member may have them already and
    /// nothing is committed.
    func revoked(_ partitions: [TopicPartition], lost: Bool)
    /// Reports offsets of an assigned partition that are no longer in the log: deleted before they were read, or past the end of a log that
    /// was truncated or created again. Reading continues at the oldest record; in the second case the partition is revoked and assigned
    /// again first. Already logged and counted. Default: ignored.
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
