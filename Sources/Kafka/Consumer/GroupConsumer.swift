import CLibrdkafka
import Instruments
package import Logging
import Synchronization

/// One member of a consumer group. One thread polls, handles rebalances and commits; this class is its interface for all other threads.
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
/// Start offsets are explicit: the group's committed offset, else the partition's beginning. An offset is committed only when its record
/// and all before it are finished. The owner must call `stop`, else the thread lives on. A stopped consumer cannot be restarted.
package final class GroupConsumer: Sendable {
    private let context: ConsumerContext
    private let stallWatch: Mutex<StallDetector>

    /// - Parameters:
    ///   - kafka: its client id also names the thread.
    ///   - handler: retained until `stop` has returned.
    ///   - acknowledger: receives the handler's reports; one for each consumer. Pass one only if the handler needs it before the consumer
    ///     exists.
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

    /// The acknowledger that the handler gets, for other objects that report in its place.
    package var acknowledger: RecordAcknowledger { context.acknowledger }

    // MARK: Life

    /// Subscribes and starts the thread. Does not wait for the member to join its group.
    /// - Throws: an error that names a property librdkafka refuses, or one for a second start.
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

    /// Stops reading, waits at most `drain` for unfinished records, commits, leaves the group and ends the thread, all within time limits.
    package func stop() async {
        await state.stop()
        await context.queries.stop()
    }

    // MARK: Commands

    /// Moves the group to other offsets, forwards or back, on assigned partitions: revokes them towards the handler, waits at most `drain`,
    /// commits the new offsets and assigns them under a new epoch.
    /// - Throws: if a partition is not assigned or Kafka refuses the commit.
    package func restart(at offsets: [CommitOffset]) async throws(KafkaError) {
        let result: Result<Void, KafkaError> = await withCheckedContinuation { continuation in
            state.command(.restart(offsets) { continuation.resume(returning: $0) })
        }
        try result.get()
    }

    /// Commits explicitly, with metadata, and waits for Kafka's answer; without an answer in time the commit may still have happened. On an
    /// assigned partition the consumer's own commits continue when the commit point moves further.
    package func commit(_ offsets: [CommitOffset], timeout: Duration = .seconds(10)) async throws(KafkaError) {
        guard !offsets.isEmpty else { return }
        try await context.queries.run("commit") { [state] () throws(KafkaError) in
            let outcome = state.withHandle { rk in CommitQueue.commit(rk, offsets, within: timeout) }
            guard let outcome else { throw KafkaError.closed("commit") }
            if let error = outcome { throw error }
        }
        state.progress.withLock { $0.committed(offsets) }
    }

    // MARK: Queries

    /// The assigned partitions, sorted. Any thread.
    package var assignment: [TopicPartition] { state.progress.withLock { $0.assignment } }

    /// The number of results that arrived after their assignment had ended, in this member's life.
    package var droppedResults: Int { state.progress.withLock { $0.dropped } }

    /// Records between the commit point and the end of each assigned partition, as of the last fetch. Any thread; queries no broker.
    package var backlog: [TopicPartition: Int64] { state.backlog }

    /// The group's committed offsets with metadata; offset -1 if there is none. Blocks a thread of its own, not the caller's.
    package func committed(_ partitions: [TopicPartition], timeout: Duration) async throws(KafkaError) -> [CommitOffset] {
        try await context.queries.run("committed") { [questions = context.questions] () throws(KafkaError) in
            try questions.committed(partitions, within: timeout).get()
        }
    }

    /// Assigned partitions that have records to read and made no progress for `Settings.stallAfter`; all of them if the poll thread does
    /// not complete its round. Call it every few seconds: the time counts from the first call. Queries the partitions' ends, for at most 3
    /// s.
    ///
    /// Leaves out partitions that the handler has paused and those that wait for room in the commit metadata.
    package func stalls() async -> [Stall] {
        do throws(KafkaError) {
            return try await context.queries.run("stalls") { self.findStalls() }
        } catch {
            return []  // the consumer is stopped
        }
    }

    /// Runs `body` with librdkafka's handle, which must not escape, unless the consumer is not running.
    func withHandle<Value>(_ body: (OpaquePointer) -> Value) -> Value? { state.withHandle(body) }

    private func findStalls() -> [Stall] {
        let wanted = state.progress.withLock { $0.readings.filter { !$0.value.isPaused }.keys.sorted() }
        let ends = context.questions.ends(of: wanted)
        // Read after the ends, so that no position lies behind its end.
        let readings = state.progress.withLock { $0.readings }
        let stalls = stallWatch.withLock { $0.stalls(readings, ends: ends, roundAt: state.lastRound, at: .now) }
        context.metrics.stalled.record(stalls.count)
        return stalls
    }
}
