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

/// What happens to the requests that MATCHER reads: they are kept on the consumer's thread, judged on a queue of their own, and what follows
/// from them is acknowledged on the producer's thread.
final class MatcherWorker: GroupHandler {
    let consumer = Mutex<GroupConsumer?>(nil)

    private struct State {
        var isStopping = false
        var failure: KafkaError?
        /// Read and not judged.
        var kept: [IncomingRecord] = []
        var keptBytes = 0
        var isJudging = false
        var paused: [TopicPartition] = []
        /// Bytes written that Kafka has not acknowledged.
        var sentBytes = 0

        var isEnding: Bool { isStopping || failure != nil }
    }

    private let producer: Producer
    private let topics: TopicNames
    private let hub: PartyID
    private let store: StateStore
    private let logger: Logger
    /// For what repeats: with each record, or while Kafka is away.
    private let repeated: ThrottledLog
    private let state = Mutex(State())
    private let announced = Mutex(AnnouncedRequests())
    private let judging = DispatchQueue(label: "ocn.matcher")
    /// Signalled when there is room again, or no point in waiting for it: for what is sent, and for what is kept.
    private let roomToSend = DispatchSemaphore(value: 0)
    private let roomToKeep = DispatchSemaphore(value: 0)
    private let (failures, refusals) = AsyncStream<KafkaError>.makeStream()

    private let metrics = MatcherMetrics()

    /// Half of what the producer's own queue takes, so that this is never full.
    private static let maxSentBytes = 32 * 1024 * 1024
    /// From the first on the consumer's thread waits a moment for room, from the second on it reads no more until half of the first is kept.
    /// Pausing alone would do, but throws away what librdkafka has read ahead.
    private static let keptBytes = (slow: 8 * 1024 * 1024, paused: 32 * 1024 * 1024)
    /// A moment. The consumer's thread has others to look after as well.
    private static let moment = DispatchTimeInterval.milliseconds(50)

    init(producer: Producer, topics: TopicNames, hub: PartyID, store: StateStore, logger: Logger) {
        self.producer = producer
        self.topics = topics
        self.hub = hub
        self.store = store
        self.logger = logger
        repeated = ThrottledLog(logger)
    }

    /// Returns at graceful shutdown or cancellation; throws what made going on pointless.
    func stopped() async throws {
        try await cancelWhenGracefulShutdown { [failures] in
            for await error in failures { throw error }
        }
    }

    func stop() {
        state.withLock { $0.isStopping = true }
        roomToSend.signal()
        roomToKeep.signal()
    }

    // MARK: The consumer's thread

    func assigned(_ partitions: [TopicPartition], epoch: UInt64) {
        state.withLock { state in state.paused.removeAll { partitions.contains($0) } }
        logger.info("matching", metadata: ["partitions": "\(partitions.count)"])
    }

    func revoked(_ partitions: [TopicPartition], lost: Bool) {
        let gone = state.withLock { state in
            let gone = state.kept.filter { partitions.contains($0.topicPartition) }
            state.kept.removeAll { partitions.contains($0.topicPartition) }
            state.keptBytes -= gone.reduce(0) { $0 + $1.bytes }
            return gone
        }
        abandon(gone[...])
        logger.info("no longer matching", metadata: ["partitions": "\(partitions.count)", "lost": "\(lost)"])
    }

    func received(_ batch: [IncomingRecord]) {
        let (mustStart, isFull, isTooFull) = state.withLock { state in
            state.kept += batch
            state.keptBytes += batch.reduce(0) { $0 + $1.bytes }
            defer { state.isJudging = true }
            return (!state.isJudging, state.keptBytes >= Self.keptBytes.slow, state.keptBytes >= Self.keptBytes.paused)
        }
        if mustStart { judging.async { self.judgeAll() } }
        if isTooFull { pause() } else if isFull { _ = roomToKeep.wait(timeout: .now() + Self.moment) }
    }

    private func pause() {
        guard let consumer = consumer.withLock({ $0 }) else { return }
        let partitions = consumer.assignment
        let mustPause = state.withLock { state in
            guard state.keptBytes >= Self.keptBytes.paused, state.paused.isEmpty else { return false }
            state.paused = partitions
            return true
        }
        if mustPause { consumer.pause(partitions) }
    }

    // MARK: The matcher's queue

    private func judgeAll() {
        while true {
            let batch = state.withLock { state in
                defer {
                    state.kept = []
                    state.keptBytes = 0
                }
                if state.kept.isEmpty { state.isJudging = false }
                return state.kept
            }
            guard !batch.isEmpty else { return }
            readOn()
            judge(batch)
        }
    }

    /// There is room to keep more.
    private func readOn() {
        roomToKeep.signal()
        let paused = state.withLock { state in
            defer { state.paused = [] }
            return state.paused
        }
        if !paused.isEmpty { consumer.withLock { $0 }?.resume(paused) }
    }

    private func judge(_ batch: [IncomingRecord]) {
        guard let directory = freshDirectory() else { return abandon(batch[...]) }
        let bounds = RecordBounds(now: store.clock.now, stateEnd: directory.version)
        for (index, record) in batch.enumerated() {
            metrics.requests.increment()
            do throws(RecordError) {
                let request = try RequestRecord(record)
                // Left for the next worker: it is not finished, so it is not committed.
                let followers = bounds.fault(of: request).map { deadLetters(of: request, $0, record, in: directory) }
                guard send(followers ?? self.followers(of: request, record, in: directory), for: record) else {
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

    private func followers(of request: RequestRecord, _ record: IncomingRecord, in directory: Directory) -> [Follower] {
        Fanout.copies(of: request, in: directory).map {
            Follower(record: $0.outgoing(to: topics), id: $0.id, counter: metrics.copies)
        }
            + announcements(of: request, record, in: directory).map {
                Follower(record: $0.outgoing(to: topics), id: $0.request.id, counter: metrics.announcements)
            }
    }

    /// None of a request that was announced already: nobody else looks after what the hub has answered by itself.
    private func announcements(of request: RequestRecord, _ record: IncomingRecord, in directory: Directory) -> [AnnouncementRecord] {
        var announcements = Broadcast.announcements(of: request, hub: hub, in: directory)
        if let stored = StoreAndForward.announcement(of: request, in: directory) { announcements.append(stored) }
        guard !announcements.isEmpty else { return [] }
        let account = directory.account(of: request.from)
        guard announced.withLock({ $0.isRepeated(request, in: record, of: account, now: .now()) }) else { return announcements }
        metrics.repeats.increment()
        return []
    }

    /// Nobody sent it at that time or under that state, and PUSH would wait for them: an operator decides about the copies. Announcements are
    /// for now or not at all.
    private func deadLetters(
        of request: RequestRecord, _ fault: RecordError, _ record: IncomingRecord, in directory: Directory
    ) -> [Follower] {
        metrics.implausible.increment()
        repeated.log(
            .error, "implausible", "request that cannot be true", metadata: ["record": "\(record.place)", "error": "\(fault)"])
        return Fanout.copies(of: request, in: directory).map { copy in
            let dead = DeadRecord(
                copy: copy, cause: "implausible: \(fault)", attempts: 0, lastHTTPStatus: nil, lastStatus: nil, diedAt: store.clock.now)
            return Follower(record: dead.outgoing(to: topics), id: copy.id, counter: metrics.copies)
        }
    }

    /// An agreement that was acknowledged before a request in the batch was accepted must be seen here: so the batch is judged only
    /// after everything that `ocn.state` holds by now has been applied. Nil if this process is stopping; the batch is then left for
    /// the next worker.
    private func freshDirectory() -> Directory? {
        while !store.catchUpBlocking(timeout: .seconds(1)) {
            metrics.waits.increment()
            repeated.log(.warning, "waiting", "matching waits for ocn.state, which cannot be read to its end")
            if isEnding { return nil }
        }
        return store.directory
    }

    /// Waits while Kafka is slower than the fan-out. False when this worker is ending.
    private func waitForRoom() -> Bool {
        while !isEnding {
            if state.withLock({ $0.sentBytes < Self.maxSentBytes }) { return true }
            roomToSend.wait()
        }
        return false
    }

    private var isEnding: Bool { state.withLock { $0.isEnding } }

    /// False when this worker is ending.
    private func send(_ followers: [Follower], for record: IncomingRecord) -> Bool {
        guard !isEnding else { return false }
        if followers.isEmpty { finish(record) }
        let open = Countdown(followers.count)
        for follower in followers {
            guard waitForRoom() else { return false }
            send(follower, for: record, open)
        }
        return true
    }

    private func send(_ follower: Follower, for record: IncomingRecord, _ open: Countdown) {
        let bytes = (follower.record.value?.readableBytes ?? 0) + 1024
        state.withLock { $0.sentBytes += bytes }
        producer.send(follower.record) { [self] result in
            let hasRoom = state.withLock { state in
                let wasFull = state.sentBytes >= Self.maxSentBytes
                state.sentBytes -= bytes
                return wasFull && state.sentBytes < Self.maxSentBytes
            }
            switch result {
            case .success:
                follower.counter.increment()
                if open.last() { finish(record) }
            case .failure(let error): fail(error, follower)
            }
            if hasRoom { roomToSend.signal() }
        }
    }

    /// What Kafka refuses must not be passed over: later records of the same object would overtake it.
    private func fail(_ error: KafkaError, _ follower: Follower) {
        let isFirst = state.withLock { state in
            guard !state.isEnding else { return false }
            state.failure = error
            return true
        }
        roomToSend.signal()
        guard isFirst else { return }
        logger.critical(
            "a record is not accepted by Kafka; this worker ends and the next one tries again",
            metadata: ["topic": "\(follower.record.topic)", "id": "\(follower.id)", "error": "\(error)"])
        refusals.yield(error)
    }

    // MARK: Ends of records

    private func finish(_ record: IncomingRecord) {
        consumer.withLock { $0 }?.finished(record.topicPartition, offset: record.offset, epoch: record.epoch)
    }

    /// These are not judged here any more: they come again, here or elsewhere.
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

/// A record that follows from a request: a copy or an announcement.
private struct Follower: Sendable {
    let record: OutgoingRecord
    let id: String
    let counter: CounterMetric
}

/// Counts the followers of one request that are not acknowledged yet.
private final class Countdown: Sendable {
    private let open: Atomic<Int>

    init(_ count: Int) {
        open = Atomic(count)
    }

    /// Whether this was the last one.
    func last() -> Bool { open.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 }
}

extension IncomingRecord {
    fileprivate var place: String { "\(topic)[\(partition)]@\(offset)" }
    /// What it holds in memory, about.
    fileprivate var bytes: Int { (value?.readableBytes ?? 0) + 1024 }
}
