package import Directory
package import Kafka
package import Logging
package import Outbound
import ServiceLifecycle
package import Topics

/// The role EXCHANGE: sends every request to its recipient at most once, and returns the answer.
///
/// ```
///            one thread (the consumer's)                event loops                       producer's thread
///
/// ocn.requests ──▶ read header, wait for state ──▶ where to? ──▶ limit ──▶ response_url ──▶ (link stored)
///   group          (at most 250 ms a batch)          │ nowhere    │ ▲ wait       │               │
///  "exchange"      ──▶ intent ok?────────────────────┤            ▼ │            ▼               ▼
///      ▲                │ ▲ wait                      │           queue     OutboundClient ◀──────┘
///      │                ▼ │                           │            │ full         │ answer, timeout, not sent (again, at most twice)
///      │         commit, acknowledged                ▼            ▼              ▼
///      │                                             └────────────┴──▶ Link, Location ──▶ (link stored)
///      │                                                                         │               │
///      └── finished ◀── acknowledged ◀── ocn.replies ◀───────────────────────────┴───────────────┘
/// ```
/// A request starts only below the ``StartIntent`` that is committed for its partition. Intents are committed in advance, so a request
/// waits only during a burst. Under its recipient's limit the request then gets a place, waits for one in the recipient's queue, or is
/// answered 4003 at once, because the queue is full or the recipient does not answer (``Breaker``). A slow recipient pauses no partition,
/// and no request waits past its deadline. A repeat of a running request keeps its place and waits for that request's answer. Every record
/// ends in exactly one `finished`, after its reply was acknowledged or its caller's deadline has passed, or is abandoned with its partition
/// before it was sent.
package final class ExchangeService: Service {
    private let flow: ExchangeFlow
    let consumer: GroupConsumer

    /// - Parameters:
    ///   - kafka: the cluster's settings.
    ///   - topics: the node's topics.
    ///   - membership: the group settings; ``membership(of:)`` unless something must differ.
    ///   - settings: what an operator can change.
    ///   - store: started and stopped by the caller, as are the following.
    ///   - capabilities: makes the URLs that lead through the hub.
    ///   - producer: sends replies and links.
    ///   - client: calls recipients.
    ///   - logger: receives failures.
    ///   - onAnswer: called with the id of a platform connected here after each answer with HTTP 200 or 201 and OCPI 1000; on an event
    ///     loop, must not block.
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
        // A start intent is valid for three quarters of a session and is renewed three times in that time.
        membership.recommitInterval = session / 4
        consumer = GroupConsumer(kafka, membership, handler: flow, acknowledger: flow.acknowledger, logger: logger)
        self.flow = flow
    }

    /// The group `exchange` on `ocn.requests`. Members are dynamic with a short session, because callers wait during a takeover.
    package static func membership(of topics: TopicNames) -> GroupConsumer.Settings {
        GroupConsumer.Settings(group: topics.group("exchange"), subscription: [topics.requests])
    }

    /// The partitions this process works on; empty until it has joined the group.
    package var assignment: [TopicPartition] { consumer.assignment }

    /// Assigned partitions that make no progress although records wait in them; call it every few seconds.
    package func stalls() async -> [Stall] { await consumer.stalls() }

    /// Runs until graceful shutdown, then finishes running requests within the consumer's drain.
    package func run() async throws {
        try consumer.start()
        // Cancellation ends the same way: the offsets of finished records are committed.
        try? await gracefulShutdown()
        await consumer.stop()
    }
}
