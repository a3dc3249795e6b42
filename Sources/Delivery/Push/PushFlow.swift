import Directory
import Encoding
import Instruments
import Kafka
import Logging
import NIOCore
import Notary
import OCPI
import Outbound
import Synchronization
import Topics

/// Reads copies from the outboxes and announcements from `ocn.announce` and processes each until it is finished. ``PushService`` has a
/// diagram.
///
/// ``DeliveryScheduler`` decides what happens when; this class carries out its actions.
final class PushFlow: GroupHandler {
    let acknowledger = RecordAcknowledger()
    let settings: PushSettings
    let topics: TopicNames
    let store: StateStore
    let producer: Producer
    let client: OutboundClient
    let metrics = PushMetrics()
    let logger: Logger
    /// Log for failures that can occur with every record or as long as Kafka is unreachable.
    let failures: ThrottledLog
    let ownOperator: String
    /// Called with the id of a platform that accepted something.
    let onAnswer: @Sendable (String) -> Void
    private let handOver: EventLoopHandOver
    private let clockLoop: any EventLoop
    private let nextEventLoop = Atomic<Int>(0)
    private let scheduler: Mutex<DeliveryScheduler<OutboxRecord>>
    /// Rate limit of expired copies to `ocn.dead`.
    private let bucket: Mutex<TokenBucket>
    private let stateEnd = Mutex(StateEnd())
    /// The pause state that the consumer was last given per partition. Locked before `scheduler`, never after it.
    private let pauseStates = Mutex<[TopicPartition: Bool]>([:])
    /// The value of the gauge. Locked before `scheduler`, never after it.
    private let openBreakers = Mutex(0)

    /// Maximum time that a batch waits for the state version under which its records were made.
    private static let stateTimeout = Duration.milliseconds(250)

    init(
        settings: PushSettings, topics: TopicNames, store: StateStore, producer: Producer, client: OutboundClient, logger: Logger,
        onAnswer: @escaping @Sendable (String) -> Void
    ) {
        self.settings = settings
        self.topics = topics
        self.store = store
        self.producer = producer
        self.client = client
        self.logger = logger
        failures = ThrottledLog(logger)
        self.onAnswer = onAnswer
        ownOperator = settings.nodeKey.address.hex
        Resigning.prepare()
        handOver = EventLoopHandOver(client.eventLoops)
        clockLoop = client.eventLoops.next()
        scheduler = Mutex(
            DeliveryScheduler(
                .init(
                    perRecipient: settings.copiesPerRecipient, bytesPerPartition: settings.bytesPerPartition,
                    announcementQuota: .init(
                        records: settings.announcementsPerRecipient, bytes: settings.announcementBytesPerRecipient,
                        totalBytes: settings.announcementBytes),
                    backoff: Backoff(base: .init(settings.backoffBase), cap: .init(settings.backoffCap)),
                    breaker: .init(settings.breaker))))
        bucket = Mutex(TokenBucket(perSecond: settings.expiredPerSecond))
    }

    /// The recipients whose breaker is not closed.
    var breakers: [Recipient: BreakerReading] { scheduler.withLock { $0.breakers } }

    /// - Returns: nil if another expired copy may be written to `ocn.dead` now, else the time to try again.
    func nextExpiryTime() -> NIODeadline? {
        let now = NIODeadline.now()
        return bucket.withLock { $0.take(now: now) }
    }

    // MARK: Calls on the consumer's thread

    func assigned(_ partitions: [TopicPartition], epoch: UInt64, acknowledger: RecordAcknowledger) {
        // A new assignment is read from the start, whatever was paused before.
        let actions = pauseStates.withLock { pauseStates in
            for partition in partitions { pauseStates[partition] = nil }
            return scheduler.withLock { $0.assign(partitions, epoch: epoch) }
        }
        carryOut(actions)
    }

    func revoked(_ partitions: [TopicPartition], lost: Bool, acknowledger: RecordAcknowledger) {
        let actions = pauseStates.withLock { pauseStates in
            for partition in partitions { pauseStates[partition] = nil }
            return scheduler.withLock { $0.revoke(partitions) }
        }
        carryOut(actions)
    }

    func received(_ batch: [IncomingRecord], acknowledger: RecordAcknowledger) {
        var pendingRecords: [PendingRecord<OutboxRecord>] = []
        pendingRecords.reserveCapacity(batch.count)
        for record in batch {
            do throws(RecordError) {
                pendingRecords.append(PendingRecord(record, try OutboxRecord(record, announce: topics.announce)))
            } catch {
                // The record cannot be sent, and it cannot be written to `ocn.dead` as a copy either.
                metrics.malformed.increment()
                failures.log(
                    .error, "unreadable", "unreadable record",
                    metadata: ["at": "\(record.topicPartition)@\(record.offset)", "error": "\(error)"])
                acknowledger.finished([record])
            }
        }
        guard let version = pendingRecords.map(\.payload.request.stateVersion).max() else { return }
        // The state must be as new as the record before a missing agreement can mean that it was withdrawn.
        if store.directory.version < version { readStateEnd() }
        let directory = store.directory
        let due = pendingRecords.filter { pending in
            guard case .copy(let copy) = pending.payload, directory.version >= copy.request.stateVersion,
                directory.service(copy.request.to)?.delivery == .topic
            else { return true }
            finish(pending, .topic)
            return false
        }
        let now = NIODeadline.now()
        carryOut(scheduler.withLock { scheduler in due.flatMap { scheduler.add($0, now: now) } })
    }

    // MARK: Plausibility of records

    private func readStateEnd() {
        let asked = NIODeadline.now()
        guard store.catchUpBlocking(timeout: Self.stateTimeout) else { return }
        let end = store.directory.version
        stateEnd.withLock { $0.found(end, asked: asked) }
    }

    /// Repeatedly reads the end of `ocn.state` while a record waits whose state version is higher than the version read here.
    func refreshStateEnd() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.stateEndInterval)
            guard stateEnd.withLock({ $0.isRequested }) else { continue }
            let asked = NIODeadline.now()
            guard await store.catchUp(timeout: .seconds(1)) else { continue }
            let end = store.directory.version
            stateEnd.withLock { $0.found(end, asked: asked) }
        }
    }

    private static let stateEndInterval = Duration.milliseconds(500)

    /// Postpones a record whose state version is higher than the version read here. The version may still come, or be implausible.
    func awaitState(_ attempt: DeliveryAttempt<OutboxRecord>) {
        stateEnd.withLock { $0.request() }
        complete(attempt, .hindered)
    }

    func bounds(of pending: PendingRecord<OutboxRecord>) -> RecordBounds {
        RecordBounds(now: store.clock.now, stateEnd: stateEnd.withLock { $0.limit(ofRecordRead: pending.readAt) })
    }

    // MARK: Actions

    /// Ends a delivery attempt and carries out the actions that follow.
    func complete(_ attempt: DeliveryAttempt<OutboxRecord>, _ result: AttemptResult) {
        let now = NIODeadline.now()
        let jitter = Double.random(in: -1...1)
        carryOut(scheduler.withLock { $0.complete(attempt, result, now: now, jitter: jitter) })
    }

    private func wake() {
        let now = NIODeadline.now()
        carryOut(scheduler.withLock { $0.wake(now: now) })
    }

    private func carryOut(_ actions: [DeliveryScheduler<OutboxRecord>.Action]) {
        var deliveryAttempts: [DeliveryAttempt<OutboxRecord>] = []
        for action in actions {
            switch action {
            case .run(let attempt): deliveryAttempts.append(attempt)
            case .finish(let pending, let ending): finish(pending, ending)
            case .alarm(let due): clockLoop.scheduleTask(deadline: due) { self.wake() }
            case .pauseChanged(let partition): applyPause(partition)
            case .abandon(let partition, let epoch, let records): acknowledger.abandoned(partition, records: records, epoch: epoch)
            case .breaker(let recipient, let transition): report(recipient, transition)
            }
        }
        if !deliveryAttempts.isEmpty {
            // In turn, so that the loops share the work.
            let first = self.nextEventLoop.wrappingAdd(deliveryAttempts.count, ordering: .relaxed).newValue & 0xFFFF
            handOver(deliveryAttempts, to: { index, _ in first + index }, run: { self.run($0) })
        }
        metrics.waiting(scheduler.withLock { $0.held })
    }

    private func finish(_ pending: PendingRecord<OutboxRecord>, _ ending: DeliveryOutcome) {
        metrics.ended(pending.payload, ending)
        acknowledger.finished(pending.partition, offset: pending.offset, epoch: pending.epoch)
    }

    /// Two threads may get here in a different order than their changes, so the current pause state is applied.
    private func applyPause(_ partition: TopicPartition) {
        pauseStates.withLock { pauseStates in
            let isPaused = scheduler.withLock { $0.isPaused(partition) }
            guard pauseStates[partition, default: false] != isPaused else { return }
            pauseStates[partition] = isPaused
            if isPaused { acknowledger.pause([partition]) } else { acknowledger.resume([partition]) }
        }
    }

    private func report(_ recipient: Recipient, _ transition: BreakerTransition) {
        if transition == .opened { metrics.breakerOpenings.increment() }
        transition.log(recipient, to: logger)
        openBreakers.withLock { figure in
            figure = scheduler.withLock { $0.breakers.count }
            metrics.openBreakers(figure)
        }
    }
}
