package import Directory
package import Kafka
package import Logging
package import Outbound
import ServiceLifecycle
package import Topics

/// The role EXCHANGE: brings every request to its recipient once, and the one answer back.
///
/// ```
///            one thread (the consumer's)                event loops                       producer's thread
///
/// ocn.requests ──▶ read header, wait for state ──▶ where to? ──▶ limit ──▶ response_url ──▶ (link stored)
///   group          (at most 250 ms a batch)          │ nowhere    │ ▲ wait       │               │
///  "exchange"      ──▶ promised? ────────────────────┤            ▼ │            ▼               ▼
///      ▲                │ ▲ wait                      │           queue     OutboundClient ◀──────┘
///      │                ▼ │                           │            │ full         │ answer, timeout, not sent (again, at most twice)
///      │         commit, acknowledged                ▼            ▼              ▼
///      │                                             └────────────┴──▶ Link, Location ──▶ (link stored)
///      │                                                                         │               │
///      └── finished ◀── acknowledged ◀── ocn.replies ◀───────────────────────────┴───────────────┘
/// ```
/// A request is begun below the ``StartIntent`` that is committed for its partition, which goes ahead of it, so that it waits only when many come
/// at once. Under its recipient's limit it then has a place, or waits for one in the recipient's queue, or is answered 4003 at once, because
/// too much waits or the recipient does not answer (``Breaker``). Nothing pauses for a recipient, and nothing waits past its deadline. A
/// repeat of a request under way keeps its place and waits for that request's answer. Every record ends in exactly one `finished`, after its
/// reply was acknowledged or the caller had gone, or is abandoned with its partition before it was sent.
package final class ExchangeService: Service {
    private let flow: ExchangeFlow
    let consumer: GroupConsumer

    /// - Parameters:
    ///   - kafka: how to reach the cluster.
    ///   - topics: the node's topics.
    ///   - membership: how to take part in the group; ``membership(of:)`` unless something must differ.
    ///   - settings: what an operator can change.
    ///   - store: started and stopped by the caller, as are the following.
    ///   - capabilities: makes the URLs that lead back through the hub.
    ///   - producer: sends replies and links.
    ///   - client: calls recipients.
    ///   - logger: where trouble is told.
    ///   - onAnswer: told the id of a platform connected here whenever it answered HTTP 200 or 201 and OCPI 1000; on an event loop, must not
    ///     block.
    package init(
        kafka: KafkaSettings, topics: TopicNames, membership: GroupConsumer.Settings? = nil, settings: ExchangeSettings,
        store: StateStore, capabilities: Capabilities, producer: Producer, client: OutboundClient, logger: Logger,
        onAnswer: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        var membership = membership ?? Self.membership(of: topics)
        let session = membership.sessionTimeout(with: kafka)
        let flow = ExchangeFlow(
            settings: settings, topics: topics, store: store, capabilities: capabilities, producer: producer, client: client,
            lease: session * 3 / 4, logger: logger, onAnswer: onAnswer)
        membership.commitMetadata = { partition, commitPoint, _ in flow.intent(partition, commitPoint: commitPoint) }
        // A promise is good for three quarters of a session, and is renewed three times meanwhile.
        membership.recommitInterval = session / 4
        consumer = GroupConsumer(kafka, membership, handler: flow, acknowledger: flow.acknowledger, logger: logger)
        self.flow = flow
    }

    /// The group `exchange` on `ocn.requests`, dynamic, with a short session: a caller waits for the takeover.
    package static func membership(of topics: TopicNames) -> GroupConsumer.Settings {
        GroupConsumer.Settings(group: topics.group("exchange"), subscription: [topics.requests])
    }

    /// The partitions this process works on; empty until it has joined the group.
    package var assignment: [TopicPartition] { consumer.assignment }

    /// Partitions of this process that stand still although something waits in them; to be asked every few seconds.
    package func stalls() async -> [Stall] { await consumer.stalls() }

    /// Works until graceful shutdown; then finishes what is under way, within the consumer's drain.
    package func run() async throws {
        try consumer.start()
        // Cancellation ends the same way: the offsets of what is finished are committed.
        try? await gracefulShutdown()
        await consumer.stop()
    }
}
