package import Directory
package import Encoding
package import Kafka
import Logging
import OCPI
import Topics

/// Carries out rewinds that operators ordered for outboxes: sending again from a given time on. Only the worker that a partition is
/// assigned to can do it.
package struct Rewinds: Sendable {
    /// The newest snapshot.
    let directory: @Sendable () -> Directory
    /// Returns when the state is newer than the given version, or after a short time.
    let changed: @Sendable (_ since: Int64) async -> Void
    /// The first offset at or after a time per partition; nil if there is none.
    let offsets: @Sendable ([TopicPartition], Timestamp) async throws(KafkaError) -> [TopicPartition: Int64?]
    /// Writes to `ocn.state` that a rewind was carried out.
    let write: @Sendable ([FactChange]) async throws(StateError) -> Void

    package init(
        directory: @escaping @Sendable () -> Directory, changed: @escaping @Sendable (_ since: Int64) async -> Void,
        offsets: @escaping @Sendable ([TopicPartition], Timestamp) async throws(KafkaError) -> [TopicPartition: Int64?],
        write: @escaping @Sendable ([FactChange]) async throws(StateError) -> Void
    ) {
        self.directory = directory
        self.changed = changed
        self.offsets = offsets
        self.write = write
    }

    /// Reads from and writes to the state in Kafka.
    package init(store: StateStore, writer: StateWriter, admin: KafkaAdmin) {
        self.init(
            directory: { store.directory },
            changed: { version in _ = await store.wait(for: version + 1, timeout: .seconds(1)) },
            offsets: { partitions, time throws(KafkaError) in
                try await admin.offsets(of: partitions, from: time.milliseconds)
            },
            write: { changes throws(StateError) in try await writer.write(changes) })
    }

    /// The rewinds that are not yet carried out on the given partitions.
    func due(
        _ assignment: [TopicPartition], _ topics: TopicNames
    ) -> [(rewind: OutboxOrder.Rewind, recipient: PartyID, on: [TopicPartition])] {
        let directory = directory()
        return directory.outboxOrders.compactMap { order in
            guard let rewind = order.rewind else { return nil }
            let topic = topics.outbox(order.recipient)
            let open = assignment.filter {
                $0.topic == topic && directory.rewindDone(of: order.recipient, partition: $0.partition) != rewind.id
            }
            return open.isEmpty ? nil : (rewind, order.recipient, open)
        }
    }

    /// Carries out what is due whenever the state or the assignment changes, until cancelled.
    /// - Parameters:
    ///   - assignment: returns the partitions of this worker.
    ///   - positions: returns the committed offsets.
    ///   - restart: continues reading at other offsets.
    func run(
        _ topics: TopicNames, logger: Logger, assignment: @Sendable () -> [TopicPartition],
        positions: @Sendable ([TopicPartition]) async throws(KafkaError) -> [CommitOffset],
        restart: @Sendable ([CommitOffset]) async throws(KafkaError) -> Void
    ) async {
        let failures = ThrottledLog(logger)
        while !Task.isCancelled {
            let version = directory().version
            for (rewind, recipient, partitions) in due(assignment(), topics) {
                do {
                    let found = try await offsets(partitions, rewind.to)
                    let moves = try await positions(partitions).compactMap { position -> CommitOffset? in
                        let start = OutboxOrder.Rewind.offset(from: max(0, position.offset), found: found[position.topicPartition] ?? nil)
                        return start.map { CommitOffset(topic: position.topic, partition: position.partition, offset: $0) }
                    }
                    try await restart(moves)
                    // Written also where no offset moves: that there is no record at or after that time is a result.
                    try await write(partitions.map { .put(.outboxDone(recipient, partition: $0.partition, rewindID: rewind.id)) })
                    logger.notice(
                        "outbox rewound",
                        metadata: [
                            "recipient": "\(recipient)", "to": "\(rewind.to)", "partitions": "\(moves.count) of \(partitions.count)",
                        ])
                } catch {
                    failures.log(
                        .warning, "rewind", "a rewind failed, trying again: \(error)", metadata: ["recipient": "\(recipient)"])
                }
            }
            await changed(version)
        }
    }
}
