package import Directory
import Encoding
import Instruments
package import Kafka
package import Logging
import OCPI
package import Registry
import ServiceLifecycle
import Synchronization
package import Topics

/// CONTROL: what happens by itself. Any number may run; one leads.
///
/// Whoever owns the only partition of `ocn.control` may claim to lead. It writes the claim to `ocn.state` and acts only while its claim
/// is the newest there, so that a process that lost its partition without noticing stops by itself. Everything a leader does may be
/// done twice without harm.
package final class ControlService: Service {
    /// Something the leader does again and again, at its own pace: no duty waits for another one.
    package struct Duty: Sendable {
        /// For logs and metrics.
        package let name: String
        /// Does it once.
        package let run: @Sendable () async throws -> Void
        /// Returns when it is time to do it again, or the task is cancelled; nil for the interval of the service.
        package let pause: (@Sendable () async -> Void)?

        /// - Parameters: as the properties say.
        package init(name: String, pause: (@Sendable () async -> Void)? = nil, run: @escaping @Sendable () async throws -> Void) {
            self.name = name
            self.pause = pause
            self.run = run
        }

        /// Publishes what a registry source says. What is wrong with the source is told by the publisher.
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
    private let failures: ThrottledLog
    private let metrics: ControlMetrics

    /// - Parameters:
    ///   - kafka: how to reach the cluster.
    ///   - topics: the node's topics.
    ///   - membership: how it takes part in its group; by default ``membership(of:)``.
    ///   - writer: writes the claim.
    ///   - store: this process's follower of `ocn.state`.
    ///   - instance: this process's name.
    ///   - interval: time between two looks at who leads, and between two runs of a duty without a pace of its own.
    ///   - duties: what the leader does.
    ///   - logger: where changes and failures are told.
    package init(
        kafka: KafkaSettings, topics: TopicNames, membership: GroupConsumer.Settings? = nil, writer: StateWriter, store: StateStore,
        instance: String, interval: Duration = .seconds(2), duties: [Duty], logger: Logger
    ) {
        let ownership = Ownership()
        self.ownership = ownership
        self.writer = writer
        self.store = store
        self.instance = instance
        self.interval = interval
        self.duties = duties
        metrics = ControlMetrics(duties: duties.map(\.name))
        self.logger = logger
        failures = ThrottledLog(logger)
        consumer = GroupConsumer(kafka, membership ?? Self.membership(of: topics), handler: ownership, logger: logger)
    }

    /// The group `control` on its one partition, dynamic, with a short session: a dead leader is replaced within it.
    package static func membership(of topics: TopicNames) -> GroupConsumer.Settings {
        GroupConsumer.Settings(group: topics.group("control"), subscription: [topics.control], readAheadKilobytes: 1024)
    }

    /// Whether this process leads by what it knows.
    package var isLeading: Bool { ownership.isOwner && store.directory.leader?.claim == ownership.claim }

    /// Works until graceful shutdown, then leaves the group.
    package func run() async throws {
        try consumer.start()
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                if ownership.isOwner { await claim() }
                if isLeading {
                    logger.info("leading", metadata: ["instance": "\(instance)"])
                    await lead()
                    logger.info("no longer leading", metadata: ["instance": "\(instance)"])
                }
                metrics.leading.record(0)
                await ownership.changed(within: interval)
            }
        }
        await consumer.stop()
    }

    /// Claims to lead, unless the newest claim is ours.
    private func claim() async {
        guard store.directory.leader?.claim != ownership.claim else { return }
        // Somebody claimed after us although we own the partition: they have lost it and will stop; claim anew.
        let claim = LeaderClaim(instance: instance, claim: UUIDText.v7())
        ownership.claim = claim.claim
        do throws(StateError) {
            try await writer.write([.put(.leader(claim))])
        } catch {
            failures.log(.error, "claim", "cannot claim to lead: \(error)")
        }
    }

    /// Does the duties until this process no longer leads; what is under way then is cancelled.
    private func lead() async {
        metrics.leading.record(1)
        await withTaskGroup(of: Void.self) { group in
            for duty in duties { group.addTask { await self.do(duty) } }
            while isLeading, !Task.isCancelled { await ownership.changed(within: interval) }
            group.cancelAll()
        }
    }

    private func `do`(_ duty: Duty) async {
        while isLeading, !Task.isCancelled {
            do {
                try await duty.run()
            } catch is CancellationError {
                return
            } catch {
                metrics.failures.increment(duty.name)
                if !(error is RegistryError) {
                    failures.log(.error, duty.name, "a duty failed, what was in force stays: \(error)", metadata: ["duty": "\(duty.name)"])
                }
                await pause()
            }
            await (duty.pause ?? pause)()
        }
    }

    @Sendable private func pause() async { try? await Task.sleep(for: interval) }
}

/// Whether this process owns the partition of `ocn.control`.
private final class Ownership: GroupHandler {
    private struct State {
        var isOwner = false
        var claim = ""
        var waiter: CheckedContinuation<Void, Never>?
    }
    private let state = Mutex(State())

    var isOwner: Bool { state.withLock { $0.isOwner } }
    var claim: String {
        get { state.withLock { $0.claim } }
        set { state.withLock { $0.claim = newValue } }
    }

    func assigned(_ partitions: [TopicPartition], epoch: UInt64, acknowledger: RecordAcknowledger) {
        if !partitions.isEmpty { set(true) }
    }
    func revoked(_ partitions: [TopicPartition], lost: Bool, acknowledger: RecordAcknowledger) { if !partitions.isEmpty { set(false) } }
    func received(_ batch: [IncomingRecord], acknowledger: RecordAcknowledger) {}

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
