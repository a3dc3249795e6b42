package import Directory
package import Kafka
package import Logging
import ServiceLifecycle
package import Topics

/// The role EXCHANGE: brings every request to its recipient once, and the one answer back.
///
/// ```
///            one thread (the consumer's)                event loops                       producer's thread
///
/// ocn.requests ──▶ read header, wait for state ──▶ where to? ──▶ limit ──▶ response_url ──▶ (link stored)
///   group          (at most 250 ms a batch)          │ nowhere    │ full         │               │
///  "exchange"                                        │            │              ▼               ▼
///      ▲                                             │            │        OutboundClient ◀──────┘
///      │                                             │            │              │ answer, timeout, not sent (again, at most twice)
///      │                                             ▼            ▼              ▼
///      │                                             └────────────┴──▶ Link, Location ──▶ (link stored)
///      │                                                                         │               │
///      └── finished ◀── acknowledged ◀── ocn.replies ◀───────────────────────────┴───────────────┘
/// ```
/// No queue of our own: a request either has a place under its recipient's limit and may call by its ``Breaker``, or is answered 4003 at
/// once, and nothing ever pauses for a recipient. A repeat of a request under way keeps its place and waits for that request's answer.
/// Every record ends in exactly one `finished`, after its reply was acknowledged or the caller had gone.
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
        flow = ExchangeFlow(
            settings: settings, topics: topics, store: store, capabilities: capabilities, producer: producer, client: client,
            logger: logger, onAnswer: onAnswer)
        consumer = GroupConsumer(kafka, membership ?? Self.membership(of: topics), handler: flow, logger: logger)
        flow.reading.attach(consumer)
    }

    /// The group `exchange` on `ocn.requests`, dynamic, with a short session: a caller waits for the takeover.
    package static func membership(of topics: TopicNames) -> GroupConsumer.Settings {
        // Any metadata makes the group commit a partition as soon as it is owned, even at its first offset: a commit is how the next
        // owner sees that requests may have been under way (see ``Takeover``).
        GroupConsumer.Settings(
            group: topics.group("exchange"), subscription: [topics.requests], commitMetadata: { _, _, _ in "1" })
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
