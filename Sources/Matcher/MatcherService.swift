package import Directory
package import Kafka
package import Logging
package import OCPI
import ServiceLifecycle
package import Topics

/// MATCHER: reads every accepted request and writes a copy of it to each service that may see it, what is addressed to the hub itself to
/// every party that it is meant for, and what is stored to its recipient.
///
/// ```
///                the consumer's thread       a thread of the matcher's own
///
/// ocn.requests ──(group ocn.matcher)──▶ queue ──▶ judged, 8 MiB at a time ──▶ ocn.outbox.<CC>-<PID>, ocn.announce
///                                                   ▲                        │ acknowledged
///                     ocn.state, read to its end ───┘          commit ◀──────┘
/// ```
///
/// The next records are read while Kafka is asked where `ocn.state` ends: the question costs a round trip for all that came meanwhile. Where
/// 32 MiB wait (``MatcherQueue``), reading pauses until half of that is judged; the consumer's thread itself never waits.
///
/// A request counts as finished when Kafka has acknowledged all that follows from it; only then may its offset be committed. A worker
/// that dies in between leaves records that the next one writes again under the same ids. What follows from a request that cannot be true
/// (``RecordBounds``) goes to `ocn.dead` in place of the outboxes.
package final class MatcherService: Service {
    private let consumer: GroupConsumer
    private let worker: MatcherWorker

    /// - Parameters:
    ///   - kafka: how to reach the cluster.
    ///   - topics: the node's topics.
    ///   - hub: the hub's own party.
    ///   - membership: how it takes part in its group; by default ``membership(of:)``.
    ///   - store: this process's follower of `ocn.state`.
    ///   - producer: writes what follows from requests; with the ``deliveryTimeout(_:)`` of this role. Closed by the caller.
    ///   - logger: where trouble is told.
    package init(
        kafka: KafkaSettings, topics: TopicNames, hub: PartyID, membership: GroupConsumer.Settings? = nil, store: StateStore,
        producer: Producer, logger: Logger
    ) {
        worker = MatcherWorker(producer: producer, topics: topics, hub: hub, store: store, logger: logger)
        consumer = GroupConsumer(kafka, membership ?? Self.membership(of: topics), handler: worker, logger: logger)
    }

    /// Topics whose records must never be given up: without a time limit an idempotent producer keeps the order of each object as well.
    package static func deliveryTimeout(_ topics: TopicNames) -> @Sendable (_ topic: String) -> DeliveryTimeout {
        { $0 == topics.announce || $0 == topics.dead || topics.recipient(ofOutbox: $0) != nil ? .endless : .usual }
    }

    /// The group `matcher` on `ocn.requests`.
    package static func membership(of topics: TopicNames) -> GroupConsumer.Settings {
        var settings = GroupConsumer.Settings(
            group: topics.group("matcher"), subscription: [topics.requests], commitMetadata: { _, _, ahead in ahead.text })
        settings.pausesWhileUncommitted = true
        return settings
    }

    /// Partitions of this process that stand still although something waits in them; to be asked every few seconds.
    package func stalls() async -> [Stall] { await consumer.stalls() }

    /// Works until graceful shutdown, then drains, commits and leaves the group.
    /// - Throws: ``KafkaError`` when something cannot be written however long one tries. Nothing of it is committed: the process must be
    ///   started anew and goes on at that request.
    package func run() async throws {
        let result: Result<Void, any Error>
        do {
            try consumer.start()
            result = .success(try await worker.stopped())
        } catch {
            result = .failure(error)
        }
        worker.stop()
        await consumer.stop()
        try result.get()
    }
}
