import CLibrdkafka
package import Logging
import Synchronization

/// One member of a consumer group: one thread that polls, answers rebalances and commits.
///
/// Start offsets are explicit: what the group has committed, else the partition's beginning. An offset is committed only when its
/// record and all before it are finished. `stop` must be called, else the thread lives on. Not reusable after `stop`.
package final class GroupConsumer: Sendable {
    enum Command: Sendable {
        /// Meant for these assignments only: one that comes meanwhile is read, whatever was asked for before.
        case setPaused([TopicPartition: UInt64], Bool)
        /// Join the group again, so that partitions are shared out anew.
        case joinAnew
        case restart([CommitOffset], @Sendable (Result<Void, KafkaError>) -> Void)
        /// Where a partition is whose position was not in the log, meant for this assignment only.
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
    /// When the poll thread last came round, nanoseconds since `born`.
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

    /// Subscribes and starts the thread. Joining the group goes on behind this call.
    /// - Throws: a property that librdkafka refuses, by name; or that this consumer was started before.
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

    /// Reports the end of work on a record. Any thread. Other epochs than the partition's present one are dropped and counted.
    package func finished(_ partition: TopicPartition, offset: Int64, epoch: UInt64) {
        let mustWake = progress.withLock { $0.finish(partition, offset, epoch: epoch) }
        if mustWake { progress.signal() }
    }

    /// Reports that so many records of a partition will not end under this assignment, so that giving it up waits for the others only. They
    /// come again, here or elsewhere. For `GroupHandler.revoked` and after it; other epochs than the partition's present one are ignored.
    package func abandoned(_ partition: TopicPartition, records: Int, epoch: UInt64) {
        let mustWake = progress.withLock { $0.abandon(partition, records, epoch: epoch) }
        if mustWake { progress.signal() }
    }

    /// Asks for a commit of these partitions as soon as the last one is answered, even if nothing has changed; `GroupHandler.committed` hears
    /// of it. Of a partition of which nothing has ever been committed it is made with its first record. Any thread.
    package func commitSoon(_ partitions: [TopicPartition]) {
        progress.withLock { $0.demandCommit(of: partitions, now: true) }
        wake()
    }

    /// Stops reading these until `resume` or a new assignment. Any thread; records handed over already still come.
    package func pause(_ partitions: [TopicPartition]) {
        command(.setPaused(epochs(of: partitions), true))
    }

    /// Goes on reading where `pause` stopped. Any thread.
    package func resume(_ partitions: [TopicPartition]) {
        command(.setPaused(epochs(of: partitions), false))
    }

    private func epochs(of partitions: [TopicPartition]) -> [TopicPartition: UInt64] {
        progress.withLock { progress in
            partitions.reduce(into: [:]) { epochs, partition in epochs[partition] = progress.epoch(of: partition) }
        }
    }

    /// Moves the group to other offsets, forwards or back, on partitions that are ours now: revokes them towards the handler, waits at most
    /// `drain`, commits the new offsets and assigns them anew under a new epoch.
    /// - Throws: if a partition is not ours or Kafka refuses the commit.
    package func restart(at offsets: [CommitOffset]) async throws(KafkaError) {
        let result: Result<Void, KafkaError> = await withCheckedContinuation { continuation in
            command(.restart(offsets) { continuation.resume(returning: $0) })
        }
        try result.get()
    }

    /// Stops reading, waits at most `drain` for unfinished records, commits, leaves the group and ends the thread, all bounded.
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

    /// The partitions that are ours now, sorted. Any thread.
    package var assignment: [TopicPartition] { progress.withLock { $0.assignment } }

    /// Results that came too late to count, of this member's life.
    package var droppedResults: Int { progress.withLock { $0.dropped } }

    /// Records between the commit point and the end of each assigned partition, as of the last fetch. Any thread; asks no broker.
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

    /// What the group has committed, with metadata; offset -1 where nothing. Blocks a thread of its own, not the caller's.
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

    /// Commits explicitly, with metadata, and waits for Kafka's answer; without one in time it may have happened all the same. On an
    /// assigned partition the consumer's own commits go on when the commit point gets further.
    package func commit(_ offsets: [CommitOffset], timeout: Duration = .seconds(10)) async throws(KafkaError) {
        guard !offsets.isEmpty else { return }
        try await queries.run("commit") { () throws(KafkaError) in
            let outcome = self.withHandle { rk in CommitQueue.commit(rk, offsets, within: timeout) }
            guard let outcome else { throw KafkaError.closed("commit") }
            if let error = outcome { throw error }
        }
        progress.withLock { $0.committed(offsets) }
    }

    /// Runs `body` with librdkafka's handle unless the consumer is not running.
    func withHandle<Value>(_ body: (OpaquePointer) -> Value) -> Value? {
        lifecycle.withLock { $0.client }?.use(body)
    }

    /// Whether nobody has asked to stop.
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

    /// A client that joins the group.
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

    /// Interrupts the poll thread's wait; `false` if there is no such thread any more.
    @discardableResult
    private func wake() -> Bool {
        withHandle { rk in
            guard let queue = rd_kafka_queue_get_consumer(rk) else { return }
            rd_kafka_queue_yield(queue)
            rd_kafka_queue_destroy(queue)
        } != nil
    }

    /// Answers commands that nobody will carry out.
    func refuseCommands() {
        let commands = inbox.withLock { commands in
            defer { commands = [] }
            return commands
        }
        for case .restart(_, let report) in commands { report(.failure(.closed("restart"))) }
    }

    /// The last step of the thread: whoever waits for the end may go on.
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
