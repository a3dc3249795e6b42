import CLibrdkafka
package import Logging
import Synchronization

/// One member of a consumer group: one thread that polls, handles rebalances and commits.
///
/// Start offsets are explicit: the group's committed offset, else the partition's beginning. An offset is committed only when its record
/// and all before it are finished. The owner must call `stop`, else the thread lives on. A stopped consumer cannot be restarted.
package final class GroupConsumer: Sendable {
    enum Command: Sendable {
        /// Applies to these assignments only; a partition that is assigned meanwhile is read.
        case setPaused([TopicPartition: UInt64], Bool)
        /// Join the group again, so that its partitions are reassigned.
        case joinAnew
        case restart([CommitOffset], @Sendable (Result<Void, KafkaError>) -> Void)
        /// The log bounds of a partition whose position was not in the log; applies to this assignment only.
        case found(TopicPartition, epoch: UInt64, Result<LogBounds, KafkaError>)
    }

    enum Phase {
        case idle, running, stopping, stopped
    }

    struct Lifecycle {
        var phase = Phase.idle
        var client: ClientHandle?
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    let kafka: KafkaSettings
    let settings: Settings
    let handler: any GroupHandler
    let log: ThrottledLog
    let progress = Monitor(GroupProgress())
    let inbox = Mutex<[Command]>([])
    let lifecycle = Mutex(Lifecycle())
    let commits = CommitQueue()
    let metrics: GroupMetrics
    let outOfRange = Mutex(OutOfRangePartitions())
    let stallWatch: Mutex<StallDetector>
    let ownership: Mutex<OwnershipMonitor>
    let membership: Mutex<MembershipMonitor>
    /// When the poll thread last completed a round, in nanoseconds since `born`.
    let rounds = Atomic<Int64>(0)
    let born = ContinuousClock.now
    let queries = BlockingThread("kafka-queries")

    /// - Parameters:
    ///   - kafka: its client id also names the thread.
    ///   - handler: kept until `stop` has returned.
    package init(_ kafka: KafkaSettings, _ settings: Settings, handler: any GroupHandler, logger: Logger) {
        self.kafka = kafka
        self.settings = settings
        self.handler = handler
        log = ThrottledLog(logger, kafka.logLimiter)
        stallWatch = Mutex(StallDetector(after: settings.stallAfter))
        ownership = Mutex(OwnershipMonitor(every: settings.ownershipInterval))
        membership = Mutex(MembershipMonitor(after: settings.rejoinAfter, from: .now))
        metrics = GroupMetrics(group: settings.group, topics: settings.subscription.filter { !$0.hasPrefix("^") })
    }

    /// Subscribes and starts the thread. Returns before the group is joined.
    /// - Throws: an error that names a property librdkafka refuses, or one because this consumer was started before.
    package func start() throws(KafkaError) {
        let isFirst = lifecycle.withLock { lifecycle in
            defer { if lifecycle.phase == .idle { lifecycle.phase = .running } }
            return lifecycle.phase == .idle
        }
        guard isFirst else {
            throw KafkaError("start consumer", RD_KAFKA_RESP_ERR__STATE, reason: "a consumer starts once", isRetriable: false)
        }
        kafka.questions.join()
        do throws(KafkaError) {
            try open()
        } catch {
            kafka.questions.leave()
            finishStopping()
            throw error
        }
    }

    /// Reports the end of work on a record. Any thread. A result for another epoch than the partition's present one is dropped and counted.
    package func finished(_ partition: TopicPartition, offset: Int64, epoch: UInt64) {
        let mustWake = progress.withLock { $0.finish(partition, offset, epoch: epoch) }
        if mustWake { progress.signal() }
    }

    /// Reports that some records of a partition will not finish under this assignment, so that a revocation only waits for the others. They
    /// are read again, by this member or another. For `GroupHandler.revoked` and later; another epoch than the partition's present one is
    /// ignored.
    package func abandoned(_ partition: TopicPartition, records: Int, epoch: UInt64) {
        let mustWake = progress.withLock { $0.abandon(partition, records, epoch: epoch) }
        if mustWake { progress.signal() }
    }

    /// Requests a commit of these partitions as soon as the last commit is answered, even if nothing has changed; `GroupHandler.committed`
    /// reports it. A partition without any commit is committed with its first record. Any thread.
    package func commitSoon(_ partitions: [TopicPartition]) {
        progress.withLock { $0.demandCommit(of: partitions, now: true) }
        wake()
    }

    /// Stops reading these partitions until `resume` or a new assignment. Any thread; records already fetched are still handed over.
    package func pause(_ partitions: [TopicPartition]) {
        command(.setPaused(epochs(of: partitions), true))
    }

    /// Continues reading after `pause`. Any thread.
    package func resume(_ partitions: [TopicPartition]) {
        command(.setPaused(epochs(of: partitions), false))
    }

    private func epochs(of partitions: [TopicPartition]) -> [TopicPartition: UInt64] {
        progress.withLock { progress in
            partitions.reduce(into: [:]) { epochs, partition in epochs[partition] = progress.epoch(of: partition) }
        }
    }

    /// Moves the group to other offsets, forwards or back, on partitions assigned to this member: revokes them at the handler, waits at
    /// most `drain`, commits the new offsets and assigns the partitions again under a new epoch.
    /// - Throws: an error if a partition is not assigned to this member or Kafka refuses the commit.
    package func restart(at offsets: [CommitOffset]) async throws(KafkaError) {
        let result: Result<Void, KafkaError> = await withCheckedContinuation { continuation in
            command(.restart(offsets) { continuation.resume(returning: $0) })
        }
        try result.get()
    }

    /// Stops reading, waits at most `drain` for unfinished records, commits, leaves the group and ends the thread. Each step has a time
    /// limit.
    package func stop() async {
        await withCheckedContinuation { continuation in
            let isStopped = lifecycle.withLock { lifecycle in
                switch lifecycle.phase {
                case .idle, .stopped:
                    lifecycle.phase = .stopped
                    return true
                case .running, .stopping:
                    lifecycle.phase = .stopping
                    lifecycle.waiters.append(continuation)
                    return false
                }
            }
            if isStopped { continuation.resume() } else { wake() }
        }
        await queries.stop()
    }

    /// The partitions assigned to this member, sorted. Any thread.
    package var assignment: [TopicPartition] { progress.withLock { $0.assignment } }

    /// The number of results since this member was made that came under an older epoch and were dropped.
    package var droppedResults: Int { progress.withLock { $0.dropped } }

    /// Records between the commit point and the end of each assigned partition, as of the last fetch. Any thread; sends no request.
    package var backlog: [TopicPartition: Int64] {
        let points = progress.withLock { progress in
            progress.assignment.map { ($0, progress.commitPoint($0) ?? 0) }
        }
        return withHandle { rk in
            var backlog: [TopicPartition: Int64] = [:]
            for (partition, point) in points {
                var low: Int64 = -1
                var high: Int64 = -1
                let code = rd_kafka_get_watermark_offsets(rk, partition.topic, partition.partition, &low, &high)
                if code == RD_KAFKA_RESP_ERR_NO_ERROR, high >= 0 { backlog[partition] = max(0, high - max(point, low)) }
            }
            return backlog
        } ?? [:]
    }

    /// The group's committed offsets, with metadata; offset -1 for partitions without one. Blocks a thread of its own, not the caller's.
    package func committed(_ partitions: [TopicPartition], timeout: Duration) async throws(KafkaError) -> [CommitOffset] {
        try await queries.run("committed") { () throws(KafkaError) in
            let outcome = self.withHandle { rk in
                Retry.until(Deadline(after: timeout), "committed") { milliseconds in
                    self.isRunning ? GroupConsumer.committed(rk, partitions, milliseconds: milliseconds) : nil
                }
            }
            guard let outcome else { throw KafkaError.closed("committed") }
            return try outcome.get()
        }
    }

    /// Commits these offsets with metadata and waits for Kafka's answer; without one in time the commit may have been taken. On an assigned
    /// partition the consumer's own commits continue when the commit point passes this offset.
    package func commit(_ offsets: [CommitOffset], timeout: Duration = .seconds(10)) async throws(KafkaError) {
        guard !offsets.isEmpty else { return }
        try await queries.run("commit") { () throws(KafkaError) in
            let outcome = self.withHandle { rk in CommitQueue.commit(rk, offsets, within: timeout) }
            guard let outcome else { throw KafkaError.closed("commit") }
            if let error = outcome { throw error }
        }
        progress.withLock { $0.committed(offsets) }
    }

    /// Runs `body` with librdkafka's handle; returns nil if the consumer is not running.
    func withHandle<Value>(_ body: (OpaquePointer) -> Value) -> Value? {
        lifecycle.withLock { $0.client }?.use(body)
    }

    /// Whether the consumer has been started and not stopped.
    var isRunning: Bool { lifecycle.withLock { $0.phase } == .running }

    static func committed(
        _ rk: OpaquePointer, _ partitions: [TopicPartition], milliseconds: Int32
    ) -> Result<[CommitOffset], KafkaError> {
        let list = PartitionList(partitions)
        let code = list.use { rd_kafka_committed(rk, $0, milliseconds) }
        if code != RD_KAFKA_RESP_ERR_NO_ERROR { return .failure(KafkaError("committed", code)) }
        if let error = list.firstError("committed") { return .failure(error) }
        return .success(list.offsets)
    }

    private func open() throws(KafkaError) {
        membership.withLock { $0 = MembershipMonitor(after: settings.rejoinAfter, from: .now) }
        let client = try makeClient()
        do throws(KafkaError) {
            comeRound()
            lifecycle.withLock { $0.client = client }
            try OSThread.start(kafka.clientID) { self.run(client) }
        } catch {
            lifecycle.withLock { $0.client = nil }
            client.destroy()
            throw error
        }
    }

    /// Makes a client that joins the group.
    func makeClient() throws(KafkaError) -> ClientHandle {
        let configuration = ClientConfiguration.consumer(kafka, settings.properties)
        let clientID = configuration.clientID
        let client = try ClientHandle(
            RD_KAFKA_CONSUMER, configuration,
            callbacks: ClientCallbacks(
                log: log,
                onError: { [handler, onFatal = kafka.onFatal] error in
                    handler.failed(error)
                    if error.isFatal { onFatal?(error) }
                },
                onStatistics: { [onStatistics = kafka.onStatistics] in onStatistics?(clientID, $0) },
                onRebalance: { [weak self] rk, code, partitions in self?.rebalance(rk, code, partitions) }),
            isPolled: true)
        let code = client.onOwnThread { rk in subscribe(rk) }
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            client.destroy()
            throw KafkaError("subscribe", code)
        }
        return client
    }

    func command(_ command: Command) {
        inbox.withLock { $0.append(command) }
        if !wake() { refuseCommands() }
    }

    /// Interrupts the poll thread's wait; `false` if that thread has ended.
    @discardableResult
    private func wake() -> Bool {
        withHandle { rk in
            guard let queue = rd_kafka_queue_get_consumer(rk) else { return }
            rd_kafka_queue_yield(queue)
            rd_kafka_queue_destroy(queue)
        } != nil
    }

    /// Fails the queued commands, because no thread will run them.
    func refuseCommands() {
        let commands = inbox.withLock { commands in
            defer { commands = [] }
            return commands
        }
        for case .restart(_, let report) in commands { report(.failure(.closed("restart"))) }
    }

    /// Resumes the callers of `stop`; the thread's last step.
    func finishStopping() {
        refuseCommands()
        let waiters = lifecycle.withLock { lifecycle in
            lifecycle.phase = .stopped
            lifecycle.client = nil
            defer { lifecycle.waiters = [] }
            return lifecycle.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
