package import Directory
package import Kafka
package import Logging
package import Outbound
import ServiceLifecycle
package import Topics

/// The role PUSH: brings every copy to its service, in order per object, until it is done; and announcements to parties and nodes.
///
/// ```
///        one thread (the consumer's)             Lanes (a value under a lock)                    event loops
///
/// ocn.outbox.DE-BIL ──▶ read header,    ──▶  partition ─┬─ object A  ■ ■ ■   running  ──┐
/// ocn.outbox.NL-TAX     wait for state                  ├─ object B  ■       waiting … │  ready lanes, at most N under way
/// ocn.announce                                          └─ object C  ■ ■     ready  ───┤  per recipient, if its breaker permits
///      ▲   ▲                                                   │  ▲                    ▼
///      │   └── pause, resume ◀── bytes held per partition ─────┘  │        agreement? horizon? where to?
///      │                                                          │                    │
///      │                              alarm (one loop's timer) ───┤                    ▼
///      │                                                          ├─ failed ◀── OutboundClient
///      │                                                          │                    │ delivered, or final
///      └── finished ◀─────────────────────────────────────────────┴─ ended ◀───────────┴──▶ ocn.dead, acknowledged
/// ```
/// A failing copy waits at the head of its lane and only its lane waits. If most calls to a recipient fail, its breaker opens: its lanes
/// stay ready, and only now and then a few are sent, to see whether it is back. A service that is down fills its own partitions' memory;
/// then their reading pauses, and its backlog is its consumer lag. `ocn.announce` is for all recipients and never pauses: who lets too many
/// announcements wait misses the next ones.
package final class PushService: Service {
    private let flow: PushFlow
    let consumer: GroupConsumer
    private let rewinds: Rewinds?
    private let reports: BreakerReports?
    private let topics: TopicNames
    private let logger: Logger

    /// - Parameters:
    ///   - kafka: how to reach the cluster.
    ///   - topics: the node's topics.
    ///   - membership: how to take part in the group; ``membership(of:)`` unless something must differ.
    ///   - settings: what an operator can change.
    ///   - store: started and stopped by the caller, as are the following.
    ///   - producer: writes dead letters.
    ///   - client: calls recipients.
    ///   - rewinds: carries out operators' rewinds; nil leaves them to others.
    ///   - reports: tells operators which recipients are not called; nil tells nobody.
    ///   - logger: where trouble is told.
    ///   - onAnswer: told the id of a platform connected here whenever it took a copy or an announcement; on an event loop, must not block.
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

    /// The group `push` on `ocn.announce` and on all outboxes, those to come included. What is finished ahead of a record that waits is
    /// committed too, so that a partition's next owner does not send it again.
    package static func membership(of topics: TopicNames) -> GroupConsumer.Settings {
        var settings = GroupConsumer.Settings(
            group: topics.group("push"), subscription: [topics.announce, topics.outboxPattern],
            commitMetadata: { _, _, ahead in ahead.text })
        settings.pausesWhileUncommitted = true
        return settings
    }

    /// The partitions this process works on; empty until it has joined the group.
    package var assignment: [TopicPartition] { consumer.assignment }

    /// Partitions of this process that stand still although something waits in them; to be asked every few seconds.
    package func stalls() async -> [Stall] { await consumer.stalls() }

    /// Works until graceful shutdown; then lets calls end that are under way, within the consumer's drain.
    package func run() async throws {
        try consumer.start()
        // Cancellation ends the same way: the offsets of what is finished are committed.
        await cancelWhenGracefulShutdown { [self] in
            await withTaskGroup(of: Void.self) { group in
                group.addTask { try? await gracefulShutdown() }
                group.addTask { await self.flow.settleDoubts() }
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
