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

/// CONTROL: the node's background work. Any number of processes may run it; one is the leader.
///
/// The owner of the only partition of `ocn.control` may claim to lead. It writes the claim to `ocn.state` and acts only while its claim is
/// the newest there, so that a process that lost its partition without noticing stops by itself. Everything that a leader does is
/// idempotent.
package final class ControlService: Service {
    /// Work that the leader repeats at its own pace; no duty waits for another one.
    package struct Duty: Sendable {
        /// The name for logs and metrics.
        package let name: String
        /// Runs the duty once.
        package let run: @Sendable () async throws -> Void
        /// Returns when the next run is due, or the task is cancelled; nil for the interval of the service.
        package let pause: (@Sendable () async -> Void)?

        package init(name: String, pause: (@Sendable () async -> Void)? = nil, run: @escaping @Sendable () async throws -> Void) {
            self.name = name
            self.pause = pause
            self.run = run
        }

        /// The duty that publishes a registry source. The publisher reports faults of the source.
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
    ///   - interval: the interval between two checks of the leader, and between two runs of a duty without a pace of its own.
    ///   - duties: the work of the leader.
    ///   - logger: reports changes of the leader and failures.
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

    /// The settings of the group `control` on its one partition: dynamic members with a short session, within which a dead leader is
    /// replaced.
    package static func membership(of topics: TopicNames) -> GroupConsumer.Settings {
        GroupConsumer.Settings(group: topics.group("control"), subscription: [topics.control], readAheadKilobytes: 1024)
    }

    /// Whether this process leads, as far as it knows.
    package var isLeading: Bool { ownership.isOwner && store.directory.leader?.claim == ownership.claim }

    /// Runs until graceful shutdown, then leaves the group.
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

    /// Claims to lead, unless the newest claim is this process's own.
    private func claim() async {
        guard store.directory.leader?.claim != ownership.claim else { return }
        // A newer claim of another process although this one owns the partition: that process has lost it and will stop.
        let claim = LeaderClaim(instance: instance, claim: UUIDText.v7())
        ownership.claim = claim.claim
        do throws(StateError) {
            try await writer.write([.put(.leader(claim))])
        } catch {
            failures.log(.error, "claim", "cannot claim to lead: \(error)")
        }
    }

    /// Runs the duties until this process no longer leads; running ones are then cancelled.
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
                    failures.log(
                        .error, duty.name, "a duty failed; its earlier results stay in force: \(error)", metadata: ["duty": "\(duty.name)"])
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
