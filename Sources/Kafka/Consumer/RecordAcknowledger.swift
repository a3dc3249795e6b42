/// A ``GroupHandler``'s reports to its consumer: finished records, abandoned records, and partitions to pause. Any thread; nothing here
/// waits for Kafka or for the poll thread.
///
/// The consumer passes it to its handler's calls. A handler that needs one before the first call is made with one, and the consumer gets
/// the same one. One acknowledger belongs to one consumer.
package struct RecordAcknowledger: Sendable {
    let state = ConsumerState()

    /// An acknowledger for a consumer that does not exist yet.
    package init() {}

    /// Reports the end of work on a record. A report for another epoch than the partition's present one is dropped and counted.
    package func finished(_ partition: TopicPartition, offset: Int64, epoch: UInt64) {
        let mustWake = state.progress.withLock { $0.finish(partition, offset, epoch: epoch) }
        if mustWake { state.progress.signal() }
    }

    /// Like ``finished(_:offset:epoch:)``, for several records under one lock.
    package func finished(_ records: [IncomingRecord]) {
        guard !records.isEmpty else { return }
        let mustWake = state.progress.withLock { progress in
            records.reduce(false) { mustWake, record in
                progress.finish(record.topicPartition, record.offset, epoch: record.epoch) || mustWake
            }
        }
        if mustWake { state.progress.signal() }
    }

    /// Reports that this many records of a partition will not finish under this assignment, so that a revocation does not wait for them.
    /// They are read again, here or elsewhere. For use in `GroupHandler.revoked` and after it, and by a handler that ends; reports for
    /// another epoch than the partition's present one are ignored. Each record counts once.
    package func abandoned(_ partition: TopicPartition, records: Int, epoch: UInt64) {
        let mustWake = state.progress.withLock { $0.abandon(partition, records, epoch: epoch) }
        if mustWake { state.progress.signal() }
    }

    /// Like ``abandoned(_:records:epoch:)``, for records of any partitions, under one lock.
    package func abandoned(_ records: some Collection<IncomingRecord>) {
        guard !records.isEmpty else { return }
        let mustWake = state.progress.withLock { progress in
            records.reduce(false) { mustWake, record in progress.abandon(record.topicPartition, 1, epoch: record.epoch) || mustWake }
        }
        if mustWake { state.progress.signal() }
    }

    /// Requests a commit of these partitions as soon as the last one is answered, even without a change; `GroupHandler.committed` reports
    /// it. For a partition without any commit it happens with its first record.
    package func commitSoon(_ partitions: [TopicPartition]) {
        state.progress.withLock { $0.demandCommit(of: partitions, now: true) }
        state.wake()
    }

    /// Stops reading these partitions until `resume` or a new assignment. Records that were already handed over still arrive.
    package func pause(_ partitions: [TopicPartition]) {
        state.command(.setPaused(epochs(of: partitions), true))
    }

    /// Continues reading where `pause` stopped.
    package func resume(_ partitions: [TopicPartition]) {
        state.command(.setPaused(epochs(of: partitions), false))
    }

    private func epochs(of partitions: [TopicPartition]) -> [TopicPartition: UInt64] {
        state.progress.withLock { progress in
            partitions.reduce(into: [:]) { epochs, partition in epochs[partition] = progress.epoch(of: partition) }
        }
    }
}
