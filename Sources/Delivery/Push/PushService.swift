package import Directory
package import Kafka
package import Logging
package import Outbound
import ServiceLifecycle
package import Topics

/// The role PUSH: delivers every copy to its service, in order per object, until it is finished; and announcements to parties and nodes.
///
/// ```
///        one thread (the consumer's)             scheduler (a value under a lock)                 event loops
///
/// ocn.outbox.DE-BIL ──▶ read header,    ──▶  partition ─┬─ object A  ■ ■ ■   running  ──┐
/// ocn.outbox.NL-TAX     wait for state                  ├─ object B  ■       waiting … │  ready key queues, at most N run
/// ocn.announce                                          └─ object C  ■ ■     ready  ───┤  per recipient, if its breaker permits
///      ▲   ▲                                                   │  ▲                    ▼
///      │   └── pause, resume ◀── bytes held per partition ─────┘  │        agreement? horizon? where to?
///      │                                                          │                    │
///      │                              alarm (one loop's timer) ───┤                    ▼
///      │                                                          ├─ failed ◀── OutboundClient
///      │                                                          │                    │ delivered, or final
///      └── finished ◀─────────────────────────────────────────────┴─ ended ◀───────────┴──▶ ocn.dead, acknowledged
/// ```
/// A failed copy waits at the head of its key queue, and only its key queue waits. If most calls to a recipient fail, its breaker opens:
/// its key queues stay ready, and only a few probes are sent until it answers again. The copies of an unavailable service fill the memory
/// limit of its partitions; then their reading pauses, and the backlog is the consumer lag. `ocn.announce` is shared by all recipients and
/// never pauses: announcements beyond a recipient's quota are dropped.
package final class PushService: Service {
    private let flow: PushFlow
    let consumer: GroupConsumer
    private let rewinds: Rewinds?
    private let reports: BreakerReports?
    private let topics: TopicNames
    private let logger: Logger

    /// - Parameters:
    ///   - kafka: connection to the cluster.
    ///   - topics: the node's topics.
    ///   - membership: settings of the consumer group; ``membership(of:)`` except in tests.
    ///   - settings: what an operator can change.
    ///   - store: the state in Kafka. The caller starts and stops it, like the producer and the client.
    ///   - producer: writes dead letters.
    ///   - client: calls recipients.
    ///   - rewinds: carries out operators' rewinds; nil if another process does.
    ///   - reports: reports breakers that are not closed; nil for no reports.
    ///   - logger: receives warnings and errors.
    ///   - onAnswer: called on an event loop with the id of a platform of this node that accepted a copy or an announcement. It must not
    ///     block.
    package init(
        kafka: KafkaSettings, topics: TopicNames, membership: GroupConsumer.Settings? = nil, settings: PushSettings, store: StateStore,
        producer: Producer, client: OutboundClient, rewinds: Rewinds? = nil, reports: BreakerReports? = nil,
        logger: Logger, onAnswer: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.rewinds = rewinds
        self.reports = reports
        self.topics = topics
        self.logger = logger
        flow = PushFlow(
            settings: settings, topics: topics, store: store, producer: producer, client: client, logger: logger, onAnswer: onAnswer)
        consumer = GroupConsumer(
            kafka, membership ?? Self.membership(of: topics), handler: flow, acknowledger: flow.acknowledger, logger: logger)
    }

    /// The settings of the group `push`, which reads `ocn.announce` and all outboxes, future ones included. Records finished before an
    /// earlier one are committed too, so that the next owner of a partition does not send them again.
    package static func membership(of topics: TopicNames) -> GroupConsumer.Settings {
        var settings = GroupConsumer.Settings(
            group: topics.group("push"), subscription: [topics.announce, topics.outboxPattern],
            commitMetadata: { _, _, ahead in ahead.text })
        settings.pausesWhileUncommitted = true
        return settings
    }

    /// The partitions assigned to this process; empty until it has joined the group.
    package var assignment: [TopicPartition] { consumer.assignment }

    /// Partitions of this process in which records wait but nothing is finished. Call it every few seconds.
    package func stalls() async -> [Stall] { await consumer.stalls() }

    /// Runs until graceful shutdown, then lets running calls end within the consumer's drain time.
    package func run() async throws {
        try consumer.start()
        // Cancellation and shutdown both end in a commit of the finished offsets.
        await cancelWhenGracefulShutdown { [self] in
            await withTaskGroup(of: Void.self) { group in
                group.addTask { try? await gracefulShutdown() }
                group.addTask { await self.flow.refreshStateEnd() }
                if let rewinds { group.addTask { await self.carryOut(rewinds) } }
                if let reports { group.addTask { await reports.run(logger: self.logger) { self.flow.breakers } } }
            }
        }
        async let withdrawal: Void? = reports?.withdraw(logger: logger)
        await consumer.stop()
        await withdrawal
    }

    private func carryOut(_ rewinds: Rewinds) async {
        await rewinds.run(
            topics, logger: logger, assignment: { consumer.assignment },
            positions: { partitions throws(KafkaError) in try await consumer.committed(partitions, timeout: .seconds(10)) },
            restart: { offsets throws(KafkaError) in
                if !offsets.isEmpty { try await consumer.restart(at: offsets) }
            })
    }
}
