package import Directory
package import Encoding
package import Kafka
import Logging
import OCPI
import Topics

/// Carries out what operators ordered for outboxes: sending again from some time on. Only the worker that owns a partition can.
package struct Rewinds: Sendable {
    /// The newest snapshot.
    let directory: @Sendable () -> Directory
    /// Returns when the state has changed since that version, or after a moment.
    let changed: @Sendable (_ since: Int64) async -> Void
    /// The first offset at or after a time per partition; nil if there is none.
    let offsets: @Sendable ([TopicPartition], Timestamp) async throws(KafkaError) -> [TopicPartition: Int64?]
    /// Notes what was done.
    let write: @Sendable ([FactChange]) async throws(StateError) -> Void

    /// - Parameters: as the properties say.
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

    /// From the state in Kafka.
    package init(store: StateStore, writer: StateWriter, admin: KafkaAdmin) {
        self.init(
            directory: { store.directory },
            changed: { version in _ = await store.wait(for: version + 1, timeout: .seconds(1)) },
            offsets: { partitions, time throws(KafkaError) in
                try await admin.offsets(of: partitions, from: time.milliseconds)
            },
            write: { changes throws(StateError) in try await writer.write(changes) })
    }

    /// Rewinds of outboxes that these partitions belong to and that were not carried out on them yet.
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

    /// Until cancelled: whenever the state or the assignment changes, does what is due.
    /// - Parameters:
    ///   - assignment: the partitions of this worker.
    ///   - positions: what is committed of them.
    ///   - restart: goes on at other offsets.
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
                    // Written also where nothing moves: "nothing at or after that time" is an answer.
                    try await write(partitions.map { .put(.outboxDone(recipient, partition: $0.partition, rewindID: rewind.id)) })
                    logger.notice(
                        "outbox rewound",
                        metadata: [
                            "recipient": "\(recipient)", "to": "\(rewind.to)", "partitions": "\(moves.count) of \(partitions.count)",
                        ])
                } catch {
                    failures.log(
                        .warning, "rewind", "a rewind is not carried out, trying again: \(error)", metadata: ["recipient": "\(recipient)"])
                }
            }
            await changed(version)
        }
    }
}
