/// What a ``GroupHandler`` tells its consumer: which records have ended, which are given up, and which partitions are to rest. Any thread;
/// nothing here waits for Kafka or for the poll thread.
///
/// The consumer passes it to its handler's calls. A handler that needs one before the first call is made with one, which its consumer is
/// given as well. One acknowledger belongs to one consumer.
package struct RecordAcknowledger: Sendable {
    let state = ConsumerState()

    /// For a consumer that is yet to be made.
    package init() {}

    /// Reports the end of work on a record. Other epochs than the partition's present one are dropped and counted.
    package func finished(_ partition: TopicPartition, offset: Int64, epoch: UInt64) {
        let mustWake = state.progress.withLock { $0.finish(partition, offset, epoch: epoch) }
        if mustWake { state.progress.signal() }
    }

    /// As ``finished(_:offset:epoch:)``, for records that ended together: under one lock.
    package func finished(_ records: [IncomingRecord]) {
        guard !records.isEmpty else { return }
        let mustWake = state.progress.withLock { progress in
            records.reduce(false) { mustWake, record in
                progress.finish(record.topicPartition, record.offset, epoch: record.epoch) || mustWake
            }
        }
        if mustWake { state.progress.signal() }
    }

    /// Reports that so many records of a partition will not end under this assignment, so that giving it up waits for the others only. They
    /// come again, here or elsewhere. For `GroupHandler.revoked` and after it, and for a handler that ends; other epochs than the
    /// partition's present one are ignored. Each record counts once.
    package func abandoned(_ partition: TopicPartition, records: Int, epoch: UInt64) {
        let mustWake = state.progress.withLock { $0.abandon(partition, records, epoch: epoch) }
        if mustWake { state.progress.signal() }
    }

    /// As ``abandoned(_:records:epoch:)``, for records of any partitions: under one lock.
    package func abandoned(_ records: some Collection<IncomingRecord>) {
        guard !records.isEmpty else { return }
        let mustWake = state.progress.withLock { progress in
            records.reduce(false) { mustWake, record in progress.abandon(record.topicPartition, 1, epoch: record.epoch) || mustWake }
        }
        if mustWake { state.progress.signal() }
    }

    /// Asks for a commit of these partitions as soon as the last one is answered, even if nothing has changed; `GroupHandler.committed` hears
    /// of it. Of a partition of which nothing has ever been committed it is made with its first record.
    package func commitSoon(_ partitions: [TopicPartition]) {
        state.progress.withLock { $0.demandCommit(of: partitions, now: true) }
        state.wake()
    }

    /// Stops reading these until `resume` or a new assignment. Records handed over already still come.
    package func pause(_ partitions: [TopicPartition]) {
        state.command(.setPaused(epochs(of: partitions), true))
    }

    /// Goes on reading where `pause` stopped.
    package func resume(_ partitions: [TopicPartition]) {
        state.command(.setPaused(epochs(of: partitions), false))
    }

    private func epochs(of partitions: [TopicPartition]) -> [TopicPartition: UInt64] {
        state.progress.withLock { progress in
            partitions.reduce(into: [:]) { epochs, partition in epochs[partition] = progress.epoch(of: partition) }
        }
    }
}
