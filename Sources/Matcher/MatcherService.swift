package import Directory
import Dispatch
package import Kafka
package import Logging
import Metrics
import NIOCore
package import OCPI
import ServiceLifecycle
import Synchronization
package import Topics

/// MATCHER: reads every accepted request and writes a copy of it to each service that may see it, what is addressed to the hub itself to
/// every party that it is meant for, and what is stored to its recipient.
///
/// ```
/// ocn.requests ──(group ocn.matcher, one thread)──▶ judge the batch ──▶ ocn.outbox.<CC>-<PID>, ocn.announce
///                                                      ▲                        │ acknowledged
///                        ocn.state, read to its end ───┘          commit ◀──────┘
/// ```
///
/// A request counts as finished when Kafka has acknowledged all that follows from it; only then may its offset be committed. A worker
/// that dies in between leaves records that the next one writes again under the same ids.
package final class MatcherService: Service {
    private let consumer: GroupConsumer
    private let producer: Producer
    private let worker: MatcherWorker

    /// - Parameters:
    ///   - kafka: how to reach the cluster.
    ///   - topics: the node's topics.
    ///   - hub: the hub's own party.
    ///   - membership: how it takes part in its group; by default ``membership(of:)``.
    ///   - store: this process's follower of `ocn.state`.
    ///   - logger: where trouble is told.
    /// - Throws: when librdkafka refuses the settings.
    package init(
        kafka: KafkaSettings, topics: TopicNames, hub: PartyID, membership: GroupConsumer.Settings? = nil, store: StateStore,
        logger: Logger
    ) throws(KafkaError) {
        // Nothing is given up here: without a time limit an idempotent producer keeps the order of each object as well.
        var patient = kafka
        patient.properties.merge(["message.timeout.ms": "0"]) { own, _ in own }
        producer = try Producer(patient, logger: logger)
        worker = MatcherWorker(producer: producer, topics: topics, hub: hub, store: store, logger: logger)
        consumer = GroupConsumer(kafka, membership ?? Self.membership(of: topics), handler: worker, logger: logger)
        worker.consumer.withLock { $0 = consumer }
    }

    /// The group `matcher` on `ocn.requests`.
    package static func membership(of topics: TopicNames) -> GroupConsumer.Settings {
        var settings = GroupConsumer.Settings(
            group: topics.group("matcher"), subscription: [topics.requests], commitMetadata: { _, _, ahead in ahead.text })
        settings.pausesWhileUncommitted = true
        return settings
    }

    /// Partitions of this process that stand still although something waits in them; to be asked every few seconds.
    package func stalls() async -> [Stall] { await consumer.stalls() }

    /// Works until graceful shutdown, then drains, commits and leaves the group.
    /// - Throws: ``KafkaError`` when something cannot be written however long one tries. Nothing of it is committed: the process must be
    ///   started anew and goes on at that request.
    package func run() async throws {
        let result: Result<Void, any Error>
        do {
            try consumer.start()
            result = .success(try await worker.stopped())
        } catch {
            result = .failure(error)
        }
        worker.stop()
        await consumer.stop()
        await producer.close(flush: .seconds(2))
        try result.get()
    }
}

/// What happens to a batch; runs on the consumer's thread, acknowledgements on the producer's.
private final class MatcherWorker: GroupHandler {
    let consumer = Mutex<GroupConsumer?>(nil)

    private struct State {
        var isStopping = false
        var failure: KafkaError?
        /// Bytes written that Kafka has not acknowledged.
        var bytes = 0
    }

    private let producer: Producer
    private let topics: TopicNames
    private let hub: PartyID
    private let store: StateStore
    private let logger: Logger
    private let state = Mutex(State())
    /// Signalled when there is room again, or no point in waiting for it.
    private let room = DispatchSemaphore(value: 0)
    private let (failures, refusals) = AsyncStream<KafkaError>.makeStream()

    private let copies = Counter(label: "ocn_matcher_copies_total")
    private let announcements = Counter(label: "ocn_matcher_announcements_total")
    private let requests = Counter(label: "ocn_matcher_requests_total")
    private let unreadable = Counter(label: "ocn_matcher_unreadable_records_total")
    private let waits = Counter(label: "ocn_matcher_state_waits_total")

    /// Half of what the producer's own queue takes, so that this is never full.
    private static let maxBytes = 32 * 1024 * 1024

    init(producer: Producer, topics: TopicNames, hub: PartyID, store: StateStore, logger: Logger) {
        self.producer = producer
        self.topics = topics
        self.hub = hub
        self.store = store
        self.logger = logger
    }

    /// Returns at graceful shutdown or cancellation; throws what made going on pointless.
    func stopped() async throws {
        try await cancelWhenGracefulShutdown { [failures] in
            for await error in failures { throw error }
        }
    }

    func stop() {
        state.withLock { $0.isStopping = true }
        room.signal()
    }

    func assigned(_ partitions: [TopicPartition], epoch: UInt64) {
        logger.info("matching", metadata: ["partitions": "\(partitions.count)"])
    }

    func revoked(_ partitions: [TopicPartition], lost: Bool) {
        logger.info("no longer matching", metadata: ["partitions": "\(partitions.count)", "lost": "\(lost)"])
    }

    func received(_ batch: [IncomingRecord]) {
        guard let directory = freshDirectory() else { return }
        for record in batch {
            requests.increment()
            do throws(RecordError) {
                let request = try RequestRecord(record)
                // Left for the next worker: it is not finished, so it is not committed.
                guard send(followers(of: request, in: directory), for: record) else { return }
            } catch {
                unreadable.increment()
                logger.error("unreadable request", metadata: ["record": "\(record.place)", "error": "\(error)"])
                finish(record)
            }
        }
    }

    private func followers(of request: RequestRecord, in directory: Directory) -> [Follower] {
        var announced = Broadcast.announcements(of: request, hub: hub, in: directory)
        if let stored = StoreAndForward.announcement(of: request, in: directory) { announced.append(stored) }
        return Fanout.copies(of: request, in: directory).map { Follower(record: $0.outgoing(to: topics), id: $0.id, counter: copies) }
            + announced.map { Follower(record: $0.outgoing(to: topics), id: $0.request.id, counter: announcements) }
    }

    /// An agreement that was acknowledged before a request in the batch was accepted must be seen here: so the batch is judged only
    /// after everything that `ocn.state` holds by now has been applied. Nil if this process is stopping; the batch is then left for
    /// the next worker.
    private func freshDirectory() -> Directory? {
        while !store.catchUpBlocking(timeout: .seconds(1)) {
            waits.increment()
            logger.warning("waiting for ocn.state before matching")
            if isEnding { return nil }
        }
        return store.directory
    }

    /// Waits while Kafka is slower than the fan-out. False when this worker is ending.
    private func waitForRoom() -> Bool {
        while !isEnding {
            if state.withLock({ $0.bytes < Self.maxBytes }) { return true }
            room.wait()
        }
        return false
    }

    private var isEnding: Bool { state.withLock { $0.isStopping || $0.failure != nil } }

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
        state.withLock { $0.bytes += bytes }
        producer.send(follower.record) { [self] result in
            let hasRoom = state.withLock { state in
                let wasFull = state.bytes >= Self.maxBytes
                state.bytes -= bytes
                return wasFull && state.bytes < Self.maxBytes
            }
            switch result {
            case .success:
                follower.counter.increment()
                if open.last() { finish(record) }
            case .failure(let error): fail(error, follower)
            }
            if hasRoom { room.signal() }
        }
    }

    /// What Kafka refuses must not be passed over: later records of the same object would overtake it.
    private func fail(_ error: KafkaError, _ follower: Follower) {
        let isFirst = state.withLock { state in
            guard !state.isStopping, state.failure == nil else { return false }
            state.failure = error
            return true
        }
        room.signal()
        guard isFirst else { return }
        logger.critical(
            "a record is not accepted by Kafka; this worker ends and the next one tries again",
            metadata: ["topic": "\(follower.record.topic)", "id": "\(follower.id)", "error": "\(error)"])
        refusals.yield(error)
    }

    private func finish(_ record: IncomingRecord) {
        consumer.withLock { $0 }?.finished(record.topicPartition, offset: record.offset, epoch: record.epoch)
    }
}

/// A record that follows from a request: a copy or an announcement.
private struct Follower: Sendable {
    let record: OutgoingRecord
    let id: String
    let counter: Counter
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
}
