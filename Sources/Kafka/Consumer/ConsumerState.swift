import CLibrdkafka
import Synchronization

/// State that the threads of one group consumer share: the progress of its partitions, the commands for its poll thread, and its client.
final class ConsumerState: Sendable {
    /// A command for the poll thread.
    enum Command: Sendable {
        /// Applies to these assignments only: a later assignment is not paused.
        case setPaused([TopicPartition: UInt64], Bool)
        case restart([CommitOffset], @Sendable (Result<Void, KafkaError>) -> Void)
        /// The log bounds of a partition whose position was out of range; applies to this assignment only.
        case logBoundsFound(TopicPartition, epoch: UInt64, Result<LogBounds, KafkaError>)
        /// Partitions of the subscription that no member owned at a check.
        case unownedFound(Set<TopicPartition>)
    }

    private enum Phase {
        case idle, running, stopping, stopped
    }

    private struct Lifecycle {
        var phase = Phase.idle
        var client: ClientHandle?
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    let progress = Monitor(GroupProgress())
    private let commands = Mutex<[Command]>([])
    private let lifecycle = Mutex(Lifecycle())
    /// When the poll thread last completed a round, in nanoseconds since `born`.
    private let rounds = Atomic<Int64>(0)
    private let born = ContinuousClock.now

    // MARK: Life

    /// Marks the consumer as started. Returns whether this was the first call.
    func begin() -> Bool {
        lifecycle.withLock { lifecycle in
            guard lifecycle.phase == .idle else { return false }
            lifecycle.phase = .running
            return true
        }
    }

    /// Whether it was started and not stopped.
    var isRunning: Bool { lifecycle.withLock { $0.phase } == .running }

    /// Sets the client for threads other than the poll thread; nil while there is none.
    func setClient(_ client: ClientHandle?) { lifecycle.withLock { $0.client = client } }

    /// Stops the poll thread and returns when it has ended.
    func stop() async {
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
    }

    /// The last step of the poll thread: wakes the callers of `stop`.
    func finish() {
        refuseCommands()
        let waiters = lifecycle.withLock { lifecycle in
            lifecycle.phase = .stopped
            lifecycle.client = nil
            defer { lifecycle.waiters = [] }
            return lifecycle.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Runs `body` with librdkafka's handle unless there is no client. Any thread.
    func withHandle<Value>(_ body: (OpaquePointer) -> Value) -> Value? {
        lifecycle.withLock { $0.client }?.use(body)
    }

    // MARK: Commands

    func command(_ command: Command) {
        commands.withLock { $0.append(command) }
        if !wake() { refuseCommands() }
    }

    /// Takes the commands since the last call.
    func takeCommands() -> [Command] {
        commands.withLock { commands in
            defer { commands = [] }
            return commands
        }
    }

    /// Interrupts the poll thread's wait; `false` if there is no such thread.
    @discardableResult
    func wake() -> Bool {
        withHandle { rk in
            guard let queue = rd_kafka_queue_get_consumer(rk) else { return }
            rd_kafka_queue_yield(queue)
            rd_kafka_queue_destroy(queue)
        } != nil
    }

    /// Answers the commands that will not be carried out.
    private func refuseCommands() {
        for case .restart(_, let report) in takeCommands() { report(.failure(.closed("restart"))) }
    }

    // MARK: Queries without Kafka

    /// Records between the commit point and the end of each assigned partition, as of the last fetch. Any thread.
    var backlog: [TopicPartition: Int64] {
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

    /// Notes that the poll thread has completed a round.
    func comeRound() {
        let (seconds, attoseconds) = (ContinuousClock.now - born).components
        rounds.store(seconds * 1_000_000_000 + attoseconds / 1_000_000_000, ordering: .relaxed)
    }

    /// When the poll thread last completed a round.
    var lastRound: ContinuousClock.Instant { born + .nanoseconds(rounds.load(ordering: .relaxed)) }
}
