import Directory
import Dispatch
import Instruments
import Kafka
import Logging
import NIOCore
import OCPI
import ServiceLifecycle
import Synchronization
import Topics

/// Matches requests: the consumer's thread puts them into a queue, a dispatch queue matches them, and the derived records are acknowledged
/// on the producer's thread.
final class MatcherWorker: GroupHandler {
    private struct State {
        var queue: MatcherQueue
        /// The assignment of each partition, except of those that another member may have already.
        var epochs: [TopicPartition: UInt64] = [:]
        var isStopping = false
        var failure: KafkaError?
        /// Bytes sent that Kafka has not acknowledged.
        var sentBytes = 0

        var isEnding: Bool { isStopping || failure != nil }
    }

    private let producer: Producer
    private let topics: TopicNames
    private let hub: PartyID
    private let store: StateStore
    private let logger: Logger
    /// Throttled, for messages that repeat with each record or while Kafka is not available.
    private let repeated: ThrottledLog
    /// Held while reading is paused and resumed, so that the consumer gets both in the order of their causes.
    private let state: Mutex<State>
    private let announced = Mutex(AnnouncedRequests())
    private let matching = DispatchQueue(label: "ocn.matcher")
    /// Signalled when the producer has room again, or when waiting for it is useless.
    private let roomToSend = DispatchSemaphore(value: 0)
    private let (failures, refusals) = AsyncStream<KafkaError>.makeStream()

    private let metrics = MatcherMetrics()

    /// Half of the limit of the producer's own queue, so that this is never full.
    private static let maxSentBytes = 32 * 1024 * 1024
    private static let reportedTogether = 256

    init(
        producer: Producer, topics: TopicNames, hub: PartyID, store: StateStore, limits: MatcherQueue.Limits = .init(), logger: Logger
    ) {
        state = Mutex(State(queue: MatcherQueue(limits)))
        self.producer = producer
        self.topics = topics
        self.hub = hub
        self.store = store
        self.logger = logger
        repeated = ThrottledLog(logger)
    }

    /// Returns at graceful shutdown or cancellation; throws the error that ended the worker.
    func stopped() async throws {
        try await cancelWhenGracefulShutdown { [failures] in
            for await error in failures { throw error }
        }
    }

    func stop() {
        state.withLock { $0.isStopping = true }
        roomToSend.signal()
    }

    // MARK: The consumer's thread

    func assigned(_ partitions: [TopicPartition], epoch: UInt64, acknowledger: RecordAcknowledger) {
        state.withLock { state in
            for partition in partitions { state.epochs[partition] = epoch }
            pause(state.queue.assign(partitions), acknowledger)
        }
        logger.info("matching", metadata: ["partitions": "\(partitions.count)"])
    }

    func revoked(_ partitions: [TopicPartition], lost: Bool, acknowledger: RecordAcknowledger) {
        let abandoned = state.withLock { state in
            // Without a loss the consumer waits for records that are being matched.
            if lost { for partition in partitions { state.epochs[partition] = nil } }
            let (abandoned, resumed) = state.queue.revoke(partitions)
            resume(resumed, acknowledger)
            return abandoned
        }
        acknowledger.abandoned(abandoned)
        logger.info("no longer matching", metadata: ["partitions": "\(partitions.count)", "lost": "\(lost)"])
    }

    func received(_ batch: [IncomingRecord], acknowledger: RecordAcknowledger) {
        let mustStart = state.withLock { state in
            let (mustStart, paused) = state.queue.add(batch)
            pause(paused, acknowledger)
            return mustStart
        }
        if mustStart { matching.async { self.matchAll(acknowledger) } }
    }

    private func pause(_ partitions: [TopicPartition], _ acknowledger: RecordAcknowledger) {
        if !partitions.isEmpty { acknowledger.pause(partitions) }
    }

    private func resume(_ partitions: [TopicPartition], _ acknowledger: RecordAcknowledger) {
        if !partitions.isEmpty { acknowledger.resume(partitions) }
    }

    // MARK: The matcher's queue

    /// Matches until no record waits.
    private func matchAll(_ acknowledger: RecordAcknowledger) {
        while state.withLock({ $0.queue.mark() }) {
            let directory = freshDirectory()
            let batch = state.withLock { directory == nil ? $0.queue.takeAll() : $0.queue.takeMarked() }
            // This process is stopping: the next owner reads these records again.
            if let directory { match(batch, in: directory, acknowledger) } else { acknowledger.abandoned(batch) }
            state.withLock { state in resume(state.queue.release(batch), acknowledger) }
        }
    }

    private func match(_ batch: [IncomingRecord], in directory: Directory, _ acknowledger: RecordAcknowledger) {
        let bounds = RecordBounds(now: store.clock.now, stateEnd: directory.version)
        // Finished records are reported together.
        var ended: [IncomingRecord] = []
        for (index, record) in batch.enumerated() {
            let (isEnding, isAssigned) = state.withLock { ($0.isEnding, $0.epochs[record.topicPartition] == record.epoch) }
            guard !isEnding else {
                // Left for the next worker: they are not finished, so they are not committed.
                acknowledger.finished(ended)
                return acknowledger.abandoned(batch[index...])
            }
            guard isAssigned else {
                // The new owner matches it; copies from here would be sent twice.
                acknowledger.abandoned([record])
                continue
            }
            metrics.requests.increment()
            do throws(RecordError) {
                let request = try RequestRecord(record)
                let derivedRecords =
                    bounds.fault(of: request).map { deadLetters(of: request, $0, record, in: directory) }
                    ?? self.derivedRecords(of: request, record, in: directory)
                if derivedRecords.isEmpty { ended.append(record) } else { send(derivedRecords, of: record, acknowledger, &ended) }
            } catch {
                metrics.unreadable.increment()
                repeated.log(
                    .error, "unreadable", "unreadable request", metadata: ["record": "\(record.place)", "error": "\(error)"])
                ended.append(record)
            }
            // Not only at the end: a rebalance waits at most `drain` for records that are finished.
            if ended.count >= Self.reportedTogether {
                acknowledger.finished(ended)
                ended = []
            }
        }
        acknowledger.finished(ended)
    }

    private func derivedRecords(of request: RequestRecord, _ record: IncomingRecord, in directory: Directory) -> [DerivedRecord] {
        Fanout.copies(of: request, in: directory).map {
            DerivedRecord(record: $0.outgoing(to: topics), id: $0.id, counter: metrics.copies)
        }
            + announcements(of: request, record, in: directory).map {
                DerivedRecord(record: $0.outgoing(to: topics), id: $0.request.id, counter: metrics.announcements)
            }
    }

    /// The announcements of a request; none if it was announced already. The hub has answered these requests itself, so no other role
    /// delivers them.
    private func announcements(of request: RequestRecord, _ record: IncomingRecord, in directory: Directory) -> [AnnouncementRecord] {
        var announcements = Broadcast.announcements(of: request, hub: hub, in: directory)
        if let stored = StoreAndForward.announcement(of: request, in: directory) { announcements.append(stored) }
        guard !announcements.isEmpty else { return [] }
        let account = directory.account(of: request.from)
        guard announced.withLock({ $0.isRepeated(request, in: record, of: account, now: .now()) }) else { return announcements }
        metrics.repeats.increment()
        return []
    }

    /// Dead letters of a request with an implausible time or state version, for which PUSH would wait; an operator decides about the
    /// copies. It is not announced, because announcements are only useful at once.
    private func deadLetters(
        of request: RequestRecord, _ fault: RecordError, _ record: IncomingRecord, in directory: Directory
    ) -> [DerivedRecord] {
        metrics.implausible.increment()
        repeated.log(
            .error, "implausible", "request with an implausible time, deadline or state version",
            metadata: ["record": "\(record.place)", "error": "\(fault)"])
        return Fanout.copies(of: request, in: directory).map { copy in
            let dead = DeadRecord(
                copy: copy, cause: "implausible: \(fault)", attempts: 0, lastHTTPStatus: nil, lastStatus: nil, diedAt: store.clock.now)
            return DerivedRecord(record: dead.outgoing(to: topics), id: copy.id, counter: metrics.copies)
        }
    }

    /// The state after everything that `ocn.state` holds now has been applied: an agreement that was acknowledged before a request of the
    /// batch was accepted must apply to it. Nil if this process is stopping; the batch is then left for the next worker.
    private func freshDirectory() -> Directory? {
        while !isEnding {
            if store.catchUpBlocking(timeout: .seconds(1)) { return store.directory }
            metrics.waits.increment()
            repeated.log(.warning, "waiting", "matching waits until ocn.state is read to its end")
            // Kafka may refuse the query at once, for instance if a right is missing.
            _ = roomToSend.wait(timeout: .now() + .milliseconds(20))
        }
        return nil
    }

    private var isEnding: Bool { state.withLock { $0.isEnding } }

    /// - Parameter ended: acknowledged before this waits because Kafka is slower than the fan-out.
    private func send(
        _ derivedRecords: [DerivedRecord], of record: IncomingRecord, _ acknowledger: RecordAcknowledger, _ ended: inout [IncomingRecord]
    ) {
        let open = OpenDerivedRecords(derivedRecords.count, of: record, acknowledger)
        for output in derivedRecords {
            while !isEnding, state.withLock({ $0.sentBytes >= Self.maxSentBytes }) {
                acknowledger.finished(ended)
                ended = []
                roomToSend.wait()
            }
            guard !isEnding else { return open.giveUp() }
            send(output, open)
        }
    }

    private func send(_ output: DerivedRecord, _ open: OpenDerivedRecords) {
        let bytes = (output.record.value?.readableBytes ?? 0) + 1024
        state.withLock { $0.sentBytes += bytes }
        producer.send(output.record) { [self] result in
            let hasRoom = state.withLock { state in
                let wasFull = state.sentBytes >= Self.maxSentBytes
                state.sentBytes -= bytes
                return wasFull && state.sentBytes < Self.maxSentBytes
            }
            switch result {
            case .success:
                output.counter.increment()
                open.acknowledgeOne()
            case .failure(let error):
                fail(error, output)
                open.giveUp()
            }
            if hasRoom { roomToSend.signal() }
        }
    }

    /// Ends the worker after a record that Kafka refuses: later records of the same object must not overtake it.
    private func fail(_ error: KafkaError, _ output: DerivedRecord) {
        let isFirst = state.withLock { state in
            guard !state.isEnding else { return false }
            state.failure = error
            return true
        }
        roomToSend.signal()
        guard isFirst else { return }
        logger.critical(
            "Kafka refused a record; this worker ends and the next one retries",
            metadata: ["topic": "\(output.record.topic)", "id": "\(output.id)", "error": "\(error)"])
        refusals.yield(error)
    }
}

/// A record derived from a request: a copy or an announcement.
private struct DerivedRecord: Sendable {
    let record: OutgoingRecord
    let id: String
    let counter: CounterMetric
}

/// The derived records of one request that are not acknowledged yet. After the last acknowledgement the request is finished; if one will
/// never be acknowledged, the request is abandoned.
private final class OpenDerivedRecords: Sendable {
    private let partition: TopicPartition
    private let offset: Int64
    private let epoch: UInt64
    private let acknowledger: RecordAcknowledger
    private let open: Atomic<Int>
    private let isGivenUp = Atomic(false)

    init(_ count: Int, of record: IncomingRecord, _ acknowledger: RecordAcknowledger) {
        partition = record.topicPartition
        offset = record.offset
        epoch = record.epoch
        self.acknowledger = acknowledger
        open = Atomic(count)
    }

    func acknowledgeOne() {
        guard open.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 else { return }
        acknowledger.finished(partition, offset: offset, epoch: epoch)
    }

    /// Notes that one of the records will not be written here.
    func giveUp() {
        guard !isGivenUp.exchange(true, ordering: .acquiringAndReleasing) else { return }
        acknowledger.abandoned(partition, records: 1, epoch: epoch)
    }
}

extension IncomingRecord {
    fileprivate var place: String { "\(topic)[\(partition)]@\(offset)" }
}
