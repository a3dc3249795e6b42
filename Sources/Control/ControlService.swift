package import Directory
package import Kafka
package import Logging
import Metrics
import OCPI
package import Registry
import ServiceLifecycle
import Synchronization
package import Topics
import Wire

/// CONTROL: what happens by itself. Any number may run; one leads.
///
/// Whoever owns the only partition of `ocn.control` may claim to lead. It writes the claim to `ocn.state` and acts only while its claim
/// is the newest there, so that a process that lost its partition without noticing stops by itself. Everything a leader does may be
/// done twice without harm.
package final class ControlService: Service {
    /// What the leader does in every round.
    package struct Duty: Sendable {
        /// For logs and metrics.
        package let name: String
        /// Does it once.
        package let run: @Sendable () async throws -> Void

        /// - Parameters: as the properties say.
        package init(name: String, run: @escaping @Sendable () async throws -> Void) {
            self.name = name
            self.run = run
        }

        /// Publishes what a registry source says.
        package static func registry(_ publisher: RegistryPublisher) -> Duty {
            Duty(name: "registry") { _ = try await publisher.publish() }
        }
    }

    private let consumer: GroupConsumer
    private let ownership: Ownership
    private let writer: StateWriter
    private let store: StateStore
    private let instance: String
    private let interval: Duration
    private let duties: [Duty]
    private let logger: Logger
    private let leading = Gauge(label: "ocn_control_leading")

    /// - Parameters:
    ///   - kafka: how to reach the cluster.
    ///   - topics: the node's topics.
    ///   - membership: how it takes part in its group; by default ``membership(of:)``.
    ///   - writer: writes the claim.
    ///   - store: this process's follower of `ocn.state`.
    ///   - instance: this process's name.
    ///   - interval: time between two rounds.
    ///   - duties: what the leader does in every round, in order.
    ///   - logger: where changes and failures are told.
    package init(
        kafka: KafkaSettings, topics: TopicNames, membership: GroupConsumer.Settings? = nil, writer: StateWriter, store: StateStore,
        instance: String, interval: Duration = .seconds(2), duties: [Duty], logger: Logger
    ) {
        let ownership = Ownership(logger: logger)
        self.ownership = ownership
        self.writer = writer
        self.store = store
        self.instance = instance
        self.interval = interval
        self.duties = duties
        self.logger = logger
        consumer = GroupConsumer(kafka, membership ?? Self.membership(of: topics), handler: ownership, logger: logger)
    }

    /// The group `control` on its one partition, dynamic, with a short session: a dead leader is replaced within it.
    package static func membership(of topics: TopicNames) -> GroupConsumer.Settings {
        GroupConsumer.Settings(group: topics.group("control"), subscription: [topics.control])
    }

    /// Whether this process leads by what it knows.
    package var isLeading: Bool { ownership.isOwner && store.directory.leader?.claim == ownership.claim }

    /// Works until graceful shutdown, then leaves the group.
    package func run() async throws {
        try consumer.start()
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                await round()
                await ownership.changed(within: interval)
            }
        }
        leading.record(0)
        await consumer.stop()
    }

    /// One round: claims if it may, then does its duties while it leads.
    private func round() async {
        guard ownership.isOwner else { return leading.record(0) }
        if store.directory.leader?.claim != ownership.claim {
            // Somebody claimed after us although we own the partition: they have lost it and will stop; claim anew.
            let claim = LeaderClaim(instance: instance, claim: UUIDText.v7())
            ownership.claim = claim.claim
            do throws(StateError) {
                try await writer.write([.put(.leader(claim))])
                logger.info("leading", metadata: ["instance": "\(instance)"])
            } catch {
                return logger.error("cannot claim to lead", metadata: ["error": "\(error)"])
            }
        }
        leading.record(isLeading ? 1 : 0)
        for duty in duties where isLeading {
            do {
                try await duty.run()
            } catch is CancellationError {
                return
            } catch {
                Counter(label: "ocn_control_failures_total", dimensions: [("duty", duty.name)]).increment()
                logger.error("duty failed, what was in force stays", metadata: ["duty": "\(duty.name)", "error": "\(error)"])
            }
        }
    }
}

/// Whether this process owns the partition of `ocn.control`.
private final class Ownership: GroupHandler {
    private struct State {
        var isOwner = false
        var claim = ""
        var waiter: CheckedContinuation<Void, Never>?
    }
    private let state = Mutex(State())
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    var isOwner: Bool { state.withLock { $0.isOwner } }
    var claim: String {
        get { state.withLock { $0.claim } }
        set { state.withLock { $0.claim = newValue } }
    }

    func assigned(_ partitions: [TopicPartition], epoch: UInt64) {
        if !partitions.isEmpty { set(true) }
    }
    func revoked(_ partitions: [TopicPartition], lost: Bool) { if !partitions.isEmpty { set(false) } }
    func received(_ batch: [IncomingRecord]) {}
    func failed(_ error: KafkaError) { logger.error("control", metadata: ["error": "\(error)"]) }

    private func set(_ isOwner: Bool) {
        let waiter = state.withLock { state in
            state.isOwner = isOwner
            if !isOwner { state.claim = "" }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Returns when ownership changes, after `interval`, or when cancelled.
    func changed(within interval: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await Task.sleep(for: interval) }
            group.addTask { await self.nextChange() }
            await group.next()
            group.cancelAll()
        }
    }

    private func nextChange() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let previous = state.withLock { state in
                    defer { state.waiter = continuation }
                    return state.waiter
                }
                previous?.resume()
                if Task.isCancelled { wake() }
            }
        } onCancel: {
            wake()
        }
    }

    private func wake() {
        let waiter = state.withLock { state in
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
