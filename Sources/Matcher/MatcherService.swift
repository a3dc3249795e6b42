package import Directory
package import Kafka
package import Logging
package import OCPI
import ServiceLifecycle
package import Topics

/// MATCHER: reads every accepted request and writes its copies to the outboxes of services, and its announcements: broadcasts to the
/// parties concerned, and stored requests to their recipient.
///
/// ```
///                the consumer's thread       a thread of the matcher's own
///
/// ocn.requests ──(group ocn.matcher)──▶ queue ──▶ matched, 8 MiB at a time ──▶ ocn.outbox.<CC>-<PID>, ocn.announce
///                                                   ▲                        │ acknowledged
///                     ocn.state, read to its end ───┘          commit ◀──────┘
/// ```
///
/// The next records are read while Kafka is asked where `ocn.state` ends: the question costs a round trip for all that came meanwhile. Where
/// 32 MiB wait (``MatcherQueue``), reading pauses until half of that is matched; the consumer's thread itself never waits.
///
/// A request counts as finished when Kafka has acknowledged all records derived from it; only then may its offset be committed. If a worker
/// dies in between, the next one writes them again under the same ids. The copies of an implausible request (``RecordBounds``) are written
/// to `ocn.dead` instead of the outboxes.
package final class MatcherService: Service {
    private let consumer: GroupConsumer
    private let worker: MatcherWorker

    /// - Parameters:
    ///   - kafka: how to reach the cluster.
    ///   - topics: the node's topics.
    ///   - hub: the hub's own party.
    ///   - membership: how it takes part in its group; by default ``membership(of:)``.
    ///   - store: this process's follower of `ocn.state`.
    ///   - producer: writes the derived records; with the ``deliveryTimeout(_:)`` of this role. Closed by the caller.
    ///   - logger: reports faults.
    package init(
        kafka: KafkaSettings, topics: TopicNames, hub: PartyID, membership: GroupConsumer.Settings? = nil, store: StateStore,
        producer: Producer, logger: Logger
    ) {
        worker = MatcherWorker(producer: producer, topics: topics, hub: hub, store: store, logger: logger)
        consumer = GroupConsumer(kafka, membership ?? Self.membership(of: topics), handler: worker, logger: logger)
    }

    /// The delivery timeouts of this role: none for topics whose records must not be lost. Without a time limit an idempotent producer
    /// keeps the order of each object as well.
    package static func deliveryTimeout(_ topics: TopicNames) -> @Sendable (_ topic: String) -> DeliveryTimeout {
        { $0 == topics.announce || $0 == topics.dead || topics.recipient(ofOutbox: $0) != nil ? .endless : .usual }
    }

    /// The settings of the group `matcher` on `ocn.requests`.
    package static func membership(of topics: TopicNames) -> GroupConsumer.Settings {
        var settings = GroupConsumer.Settings(
            group: topics.group("matcher"), subscription: [topics.requests], commitMetadata: { _, _, ahead in ahead.text })
        settings.pausesWhileUncommitted = true
        return settings
    }

    /// Assigned partitions that make no progress although records wait; to be queried every few seconds.
    package func stalls() async -> [Stall] { await consumer.stalls() }

    /// Runs until graceful shutdown, then drains, commits and leaves the group.
    /// - Throws: ``KafkaError`` if Kafka permanently refuses a record. The request is not committed: the process must be restarted, and
    ///   continues with that request.
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
