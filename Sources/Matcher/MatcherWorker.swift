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

/// Processes the requests that MATCHER reads: they are queued on the consumer's thread, matched on a queue of their own, and the derived
/// records are acknowledged on the producer's thread.
final class MatcherWorker: GroupHandler {
    let consumer = Mutex<GroupConsumer?>(nil)

    private struct State {
        var isStopping = false
        var failure: KafkaError?
        /// Records that were read and not matched yet.
        var pending: [IncomingRecord] = []
        var pendingBytes = 0
        var isMatching = false
        var paused: [TopicPartition] = []
        /// Bytes sent that Kafka has not acknowledged.
        var sentBytes = 0

        var isEnding: Bool { isStopping || failure != nil }
    }

    private let producer: Producer
    private let topics: TopicNames
    private let hub: PartyID
    private let store: StateStore
    private let logger: Logger
    /// For lines that may repeat with each record, or while Kafka is unavailable.
    private let repeated: ThrottledLog
    private let state = Mutex(State())
    private let announced = Mutex(AnnouncedRequests())
    private let queue = DispatchQueue(label: "ocn.matcher")
    /// Signalled when there is room for records to send or to queue, or when the worker ends.
    private let roomToSend = DispatchSemaphore(value: 0)
    private let roomToQueue = DispatchSemaphore(value: 0)
    private let (failures, refusals) = AsyncStream<KafkaError>.makeStream()

    private let metrics = MatcherMetrics()

    /// Half of the producer's own queue, so that that one is never full.
    private static let maxSentBytes = 32 * 1024 * 1024
    /// The bytes of queued records above which the consumer's thread waits for `pauseForRoom`, and those above which reading pauses until the
    /// queue is taken. Pausing alone would suffice, but it discards librdkafka's read-ahead.
    private static let pendingBytes = (slow: 8 * 1024 * 1024, paused: 32 * 1024 * 1024)
    /// How long the consumer's thread waits. Short, because that thread also serves rebalances and commits.
    private static let pauseForRoom = DispatchTimeInterval.milliseconds(50)

    init(producer: Producer, topics: TopicNames, hub: PartyID, store: StateStore, logger: Logger) {
        self.producer = producer
        self.topics = topics
        self.hub = hub
        self.store = store
        self.logger = logger
        repeated = ThrottledLog(logger)
    }

    /// Returns at graceful shutdown or cancellation; throws the error after which the worker cannot continue.
    func stopped() async throws {
        try await cancelWhenGracefulShutdown { [failures] in
            for await error in failures { throw error }
        }
    }

    func stop() {
        state.withLock { $0.isStopping = true }
        roomToSend.signal()
        roomToQueue.signal()
    }

    // MARK: The consumer's thread

    func assigned(_ partitions: [TopicPartition], epoch: UInt64) {
        state.withLock { state in state.paused.removeAll { partitions.contains($0) } }
        logger.info("matching", metadata: ["partitions": "\(partitions.count)"])
    }

    func revoked(_ partitions: [TopicPartition], lost: Bool) {
        let gone = state.withLock { state in
            let gone = state.pending.filter { partitions.contains($0.topicPartition) }
            state.pending.removeAll { partitions.contains($0.topicPartition) }
            state.pendingBytes -= gone.reduce(0) { $0 + $1.bytes }
            return gone
        }
        abandon(gone[...])
        logger.info("no longer matching", metadata: ["partitions": "\(partitions.count)", "lost": "\(lost)"])
    }

    func received(_ batch: [IncomingRecord]) {
        let (mustStart, isFull, isTooFull) = state.withLock { state in
            state.pending += batch
            state.pendingBytes += batch.reduce(0) { $0 + $1.bytes }
            defer { state.isMatching = true }
            return (!state.isMatching, state.pendingBytes >= Self.pendingBytes.slow, state.pendingBytes >= Self.pendingBytes.paused)
        }
        if mustStart { queue.async { self.matchAll() } }
        if isTooFull { pause() } else if isFull { _ = roomToQueue.wait(timeout: .now() + Self.pauseForRoom) }
    }

    private func pause() {
        guard let consumer = consumer.withLock({ $0 }) else { return }
        let partitions = consumer.assignment
        let mustPause = state.withLock { state in
            guard state.pendingBytes >= Self.pendingBytes.paused, state.paused.isEmpty else { return false }
            state.paused = partitions
            return true
        }
        if mustPause { consumer.pause(partitions) }
    }

    // MARK: The matcher's queue

    private func matchAll() {
        while true {
            let batch = state.withLock { state in
                defer {
                    state.pending = []
                    state.pendingBytes = 0
                }
                if state.pending.isEmpty { state.isMatching = false }
                return state.pending
            }
            guard !batch.isEmpty else { return }
            resumeReading()
            match(batch)
        }
    }

    /// Signals room in the queue, and resumes paused partitions.
    private func resumeReading() {
        roomToQueue.signal()
        let paused = state.withLock { state in
            defer { state.paused = [] }
            return state.paused
        }
        if !paused.isEmpty { consumer.withLock { $0 }?.resume(paused) }
    }

    private func match(_ batch: [IncomingRecord]) {
        guard let directory = freshDirectory() else { return abandon(batch[...]) }
        let bounds = RecordBounds(now: store.clock.now, stateEnd: directory.version)
        for (index, record) in batch.enumerated() {
            metrics.requests.increment()
            do throws(RecordError) {
                let request = try RequestRecord(record)
                // A record that was not sent is not finished, so it is not committed and the next worker repeats it.
                let derived = bounds.fault(of: request).map { deadLetters(of: request, $0, record, in: directory) }
                guard send(derived ?? derivedRecords(of: request, record, in: directory), for: record) else {
                    return abandon(batch[index...])
                }
            } catch {
                metrics.unreadable.increment()
                repeated.log(
                    .error, "unreadable", "unreadable request", metadata: ["record": "\(record.place)", "error": "\(error)"])
                finish(record)
            }
        }
    }

    private func derivedRecords(of request: RequestRecord, _ record: IncomingRecord, in directory: Directory) -> [DerivedRecord] {
        Fanout.copies(of: request, in: directory).map {
            DerivedRecord(record: $0.outgoing(to: topics), id: $0.id, counter: metrics.copies)
        }
            + announcements(of: request, record, in: directory).map {
                DerivedRecord(record: $0.outgoing(to: topics), id: $0.request.id, counter: metrics.announcements)
            }
    }

    /// The announcements of a request; none if it was announced already. Only MATCHER detects repeats of requests that the hub has answered
    /// by itself.
    private func announcements(of request: RequestRecord, _ record: IncomingRecord, in directory: Directory) -> [AnnouncementRecord] {
        var announcements = Broadcast.announcements(of: request, hub: hub, in: directory)
        if let stored = StoreAndForward.announcement(of: request, in: directory) { announcements.append(stored) }
        guard !announcements.isEmpty else { return [] }
        let account = directory.account(of: request.from)
        guard announced.withLock({ $0.isRepeated(request, in: record, of: account, now: .now()) }) else { return announcements }
        metrics.repeats.increment()
        return []
    }

    /// Dead letters in place of the copies of an implausible request: PUSH would wait for its time or state version, which no process of
    /// this node wrote. An operator decides about them. Its announcements are dropped.
    private func deadLetters(
        of request: RequestRecord, _ fault: RecordError, _ record: IncomingRecord, in directory: Directory
    ) -> [DerivedRecord] {
        metrics.implausible.increment()
        repeated.log(
            .error, "implausible", "implausible request", metadata: ["record": "\(record.place)", "error": "\(fault)"])
        return Fanout.copies(of: request, in: directory).map { copy in
            let dead = DeadRecord(
                copy: copy, cause: "implausible: \(fault)", attempts: 0, lastHTTPStatus: nil, lastStatus: nil, diedAt: store.clock.now)
            return DerivedRecord(record: dead.outgoing(to: topics), id: copy.id, counter: metrics.copies)
        }
    }

    /// A snapshot of the state in which every agreement is visible that was acknowledged before a request of the batch was accepted:
    /// matching waits until the present end of `ocn.state` has been applied. Nil if this process is stopping; the batch is then left for
    /// the next worker.
    private func freshDirectory() -> Directory? {
        while !store.catchUpBlocking(timeout: .seconds(1)) {
            metrics.waits.increment()
            repeated.log(.warning, "waiting", "matching waits for ocn.state, which cannot be read to its end")
            if isEnding { return nil }
        }
        return store.directory
    }

    /// Waits while Kafka acknowledges more slowly than records are derived. False when this worker is ending.
    private func waitForRoom() -> Bool {
        while !isEnding {
            if state.withLock({ $0.sentBytes < Self.maxSentBytes }) { return true }
            roomToSend.wait()
        }
        return false
    }

    private var isEnding: Bool { state.withLock { $0.isEnding } }

    /// Sends the derived records of a request. False when this worker is ending.
    private func send(_ derived: [DerivedRecord], for record: IncomingRecord) -> Bool {
        guard !isEnding else { return false }
        if derived.isEmpty { finish(record) }
        let open = Countdown(derived.count)
        for output in derived {
            guard waitForRoom() else { return false }
            send(output, for: record, open)
        }
        return true
    }

    private func send(_ output: DerivedRecord, for record: IncomingRecord, _ open: Countdown) {
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
                if open.last() { finish(record) }
            case .failure(let error): fail(error, output)
            }
            if hasRoom { roomToSend.signal() }
        }
    }

    /// Ends the worker. A refused record must not be skipped, because later records of the same object would overtake it.
    private func fail(_ error: KafkaError, _ output: DerivedRecord) {
        let isFirst = state.withLock { state in
            guard !state.isEnding else { return false }
            state.failure = error
            return true
        }
        roomToSend.signal()
        guard isFirst else { return }
        logger.critical(
            "a record is not accepted by Kafka; this worker ends and the next one tries again",
            metadata: ["topic": "\(output.record.topic)", "id": "\(output.id)", "error": "\(error)"])
        refusals.yield(error)
    }

    // MARK: Ends of records

    private func finish(_ record: IncomingRecord) {
        consumer.withLock { $0 }?.finished(record.topicPartition, offset: record.offset, epoch: record.epoch)
    }

    /// Gives up records without matching them; this member or another reads them again.
    private func abandon(_ records: ArraySlice<IncomingRecord>) {
        guard let consumer = consumer.withLock({ $0 }) else { return }
        for (place, records) in Dictionary(grouping: records, by: { Place(partition: $0.topicPartition, epoch: $0.epoch) }) {
            consumer.abandoned(place.partition, records: records.count, epoch: place.epoch)
        }
    }

    private struct Place: Hashable {
        let partition: TopicPartition
        let epoch: UInt64
    }
}

/// A record derived from a request: a copy or an announcement.
private struct DerivedRecord: Sendable {
    let record: OutgoingRecord
    let id: String
    let counter: CounterMetric
}

/// Counts the unacknowledged derived records of one request.
private final class Countdown: Sendable {
    private let open: Atomic<Int>

    init(_ count: Int) {
        open = Atomic(count)
    }

    /// Counts one acknowledgement. Whether it was the last one.
    func last() -> Bool { open.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 }
}

extension IncomingRecord {
    fileprivate var place: String { "\(topic)[\(partition)]@\(offset)" }
    /// The approximate size in memory.
    fileprivate var bytes: Int { (value?.readableBytes ?? 0) + 1024 }
}
