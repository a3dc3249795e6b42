import CLibrdkafka
import Instruments
package import Logging
import Synchronization

/// One member of a consumer group: one thread that polls, answers rebalances and commits. This is its face for all other threads: its life,
/// commands and questions.
///
/// ```
///  any thread                        shared                       the poll thread
///
///  GroupConsumer ── commands ──▶                 ◀── takes ── ConsumerThread ─ one client after the other
///                                 ConsumerState                    └ ConsumerPollLoop ─ reads, commits, rebalances
///  RecordAcknowledger ─ ends ──▶  (GroupProgress) ◀── begins ──────┘      │
///      ▲                                                                  ▼
///      └───────────── passed to ────────────────────────────────── GroupHandler
/// ```
///
/// Start offsets are explicit: what the group has committed, else the partition's beginning. An offset is committed only when its
/// record and all before it are finished. `stop` must be called, else the thread lives on. Not reusable after `stop`.
package final class GroupConsumer: Sendable {
    private let context: ConsumerContext
    private let stallWatch: Mutex<StallDetector>

    /// - Parameters:
    ///   - kafka: its client id also names the thread.
    ///   - handler: kept until `stop` has returned.
    ///   - acknowledger: what the handler reports with; one of its own for each consumer. Only where the handler must have it before this is
    ///     made.
    package init(
        _ kafka: KafkaSettings, _ settings: Settings, handler: any GroupHandler, acknowledger: RecordAcknowledger = RecordAcknowledger(),
        logger: Logger
    ) {
        context = ConsumerContext(
            kafka: kafka, settings: settings, handler: handler, acknowledger: acknowledger, log: ThrottledLog(logger, kafka.logLimiter),
            metrics: GroupMetrics(group: settings.group, topics: settings.subscription.filter { !$0.hasPrefix("^") }),
            queries: BlockingThread("kafka-queries"))
        stallWatch = Mutex(StallDetector(after: settings.stallAfter))
    }

    private var state: ConsumerState { context.state }

    /// What the handler is given to report with, for those who report in its place.
    package var acknowledger: RecordAcknowledger { context.acknowledger }

    // MARK: Life

    /// Subscribes and starts the thread. Joining the group goes on behind this call, which waits for nothing.
    /// - Throws: a property that librdkafka refuses, by name; or that this consumer was started before.
    package func start() throws(KafkaError) {
        guard state.begin() else {
            throw KafkaError("start consumer", RD_KAFKA_RESP_ERR__STATE, reason: "a consumer starts once", isRetriable: false)
        }
        context.kafka.questions.join()
        do throws(KafkaError) {
            try open()
        } catch {
            context.kafka.questions.leaveBehind()
            state.finish()
            throw error
        }
    }

    private func open() throws(KafkaError) {
        let client = try context.makeClient()
        do throws(KafkaError) {
            state.comeRound()
            state.setClient(client.handle)
            try OSThread.start(context.kafka.clientID) { [context] in
                var thread = ConsumerThread(context)
                thread.run(client)
            }
        } catch {
            state.setClient(nil)
            client.handle.destroyBehind()
            throw error
        }
    }

    /// Stops reading, waits at most `drain` for unfinished records, commits, leaves the group and ends the thread, all bounded.
    package func stop() async {
        await state.stop()
        await context.queries.stop()
    }

    // MARK: Commands

    /// Moves the group to other offsets, forwards or back, on partitions that are ours now: revokes them towards the handler, waits at most
    /// `drain`, commits the new offsets and assigns them anew under a new epoch.
    /// - Throws: if a partition is not ours or Kafka refuses the commit.
    package func restart(at offsets: [CommitOffset]) async throws(KafkaError) {
        let result: Result<Void, KafkaError> = await withCheckedContinuation { continuation in
            state.command(.restart(offsets) { continuation.resume(returning: $0) })
        }
        try result.get()
    }

    /// Commits explicitly, with metadata, and waits for Kafka's answer; without one in time it may have happened all the same. On an
    /// assigned partition the consumer's own commits go on when the commit point gets further.
    package func commit(_ offsets: [CommitOffset], timeout: Duration = .seconds(10)) async throws(KafkaError) {
        guard !offsets.isEmpty else { return }
        try await context.queries.run("commit") { [state] () throws(KafkaError) in
            let outcome = state.withHandle { rk in CommitQueue.commit(rk, offsets, within: timeout) }
            guard let outcome else { throw KafkaError.closed("commit") }
            if let error = outcome { throw error }
        }
        state.progress.withLock { $0.committed(offsets) }
    }

    // MARK: Questions

    /// The partitions that are ours now, sorted. Any thread.
    package var assignment: [TopicPartition] { state.progress.withLock { $0.assignment } }

    /// Results that came too late to count, of this member's life.
    package var droppedResults: Int { state.progress.withLock { $0.dropped } }

    /// Records between the commit point and the end of each assigned partition, as of the last fetch. Any thread; asks no broker.
    package var backlog: [TopicPartition: Int64] { state.backlog }

    /// What the group has committed, with metadata; offset -1 where nothing. Blocks a thread of its own, not the caller's.
    package func committed(_ partitions: [TopicPartition], timeout: Duration) async throws(KafkaError) -> [CommitOffset] {
        try await context.queries.run("committed") { [questions = context.questions] () throws(KafkaError) in
            try questions.committed(partitions, within: timeout).get()
        }
    }

    /// Partitions of ours that have something to read and have stood still for `Settings.stallAfter`; all of them if the poll thread does
    /// not come round, which this does not need. To be asked every few seconds: time counts from the first asking. Asks Kafka where the
    /// partitions end, at most 3 s.
    ///
    /// A partition whose reading the handler has paused is not among them, nor one that waits for room in its commit's metadata.
    package func stalls() async -> [Stall] {
        do throws(KafkaError) {
            return try await context.queries.run("stalls") { self.findStalls() }
        } catch {
            return []  // stopped
        }
    }

    /// Runs `body` with librdkafka's handle, which must not escape, unless the consumer is not running.
    func withHandle<Value>(_ body: (OpaquePointer) -> Value) -> Value? { state.withHandle(body) }

    private func findStalls() -> [Stall] {
        let wanted = state.progress.withLock { $0.readings.filter { !$0.value.isPaused }.keys.sorted() }
        let ends = context.questions.ends(of: wanted)
        // Read after the ends: a position never lies behind an end that was asked for later.
        let readings = state.progress.withLock { $0.readings }
        let stalls = stallWatch.withLock { $0.stalls(readings, ends: ends, roundAt: state.lastRound, at: .now) }
        context.metrics.stalled.record(stalls.count)
        return stalls
    }
}
