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

/// Takes copies from the outboxes and announcements from `ocn.announce`, and sees each of them through to its end. See ``PushService``
/// for the picture.
///
/// What to do when is ``DeliveryScheduler``' decision; here it is carried out.
final class PushFlow: GroupHandler {
    let reading = GroupReading()
    let settings: PushSettings
    let topics: TopicNames
    let store: StateStore
    let producer: Producer
    let client: OutboundClient
    let metrics = PushMetrics()
    let logger: Logger
    /// For what repeats: with each record, or while Kafka is away.
    let failures: ThrottledLog
    let ownOperator: String
    /// Told the id of a platform that took something.
    let onAnswer: @Sendable (String) -> Void
    private let handOver: EventLoopHandOver
    private let clockLoop: any EventLoop
    private let turn = Atomic<Int>(0)
    private let scheduler: Mutex<DeliveryScheduler<OutboxRecord>>
    /// How many copies past their horizon may go to `ocn.dead`.
    private let bucket: Mutex<TokenBucket>
    private let stateEnd = Mutex(StateEnd())
    /// What the consumer was told last. Taken before `scheduler`, never the other way round.
    private let gates = Mutex<[TopicPartition: Bool]>([:])
    /// The gauge's figure. Taken before `scheduler`, never the other way round.
    private let openBreakers = Mutex(0)

    /// How long a batch waits for the state its records were made under.
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

    /// The recipients that are not called, or only to see whether they are back.
    var breakers: [Recipient: BreakerReading] { scheduler.withLock { $0.breakers } }

    /// - Returns: nil if one more copy past its horizon may go to `ocn.dead` now, else when to ask again.
    func turnedAway() -> NIODeadline? {
        let now = NIODeadline.now()
        return bucket.withLock { $0.take(now: now) }
    }

    // MARK: The consumer's thread

    func assigned(_ partitions: [TopicPartition], epoch: UInt64) {
        // A new assignment is read from the start, whatever was paused before.
        let actions = gates.withLock { gates in
            for partition in partitions { gates[partition] = nil }
            return scheduler.withLock { $0.assign(partitions, epoch: epoch) }
        }
        carryOut(actions)
    }

    func revoked(_ partitions: [TopicPartition], lost: Bool) {
        let actions = gates.withLock { gates in
            for partition in partitions { gates[partition] = nil }
            return scheduler.withLock { $0.revoke(partitions) }
        }
        carryOut(actions)
    }

    func received(_ batch: [IncomingRecord]) {
        var pendingRecords: [PendingRecord<OutboxRecord>] = []
        pendingRecords.reserveCapacity(batch.count)
        for record in batch {
            do throws(RecordError) {
                pendingRecords.append(PendingRecord(record, try OutboxRecord(record, announce: topics.announce)))
            } catch {
                // There is nothing in it that could be sent, nor buried as a copy.
                metrics.malformed.increment()
                failures.log(
                    .error, "unreadable", "unreadable record",
                    metadata: ["at": "\(record.topicPartition)@\(record.offset)", "error": "\(error)"])
                reading.finished(record.topicPartition, offset: record.offset, epoch: record.epoch)
            }
        }
        guard let version = pendingRecords.map(\.payload.request.stateVersion).max() else { return }
        // An agreement must be known before its absence can mean that it was withdrawn.
        if store.directory.version < version { askForStateEnd() }
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

    // MARK: What can be true

    private func askForStateEnd() {
        let asked = NIODeadline.now()
        guard store.catchUpBlocking(timeout: Self.stateTimeout) else { return }
        let end = store.directory.version
        stateEnd.withLock { $0.found(end, asked: asked) }
    }

    /// Asks where `ocn.state` ends as long as something waits that claims to have been judged by more of it than is read here.
    func settleDoubts() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.doubtPause)
            guard stateEnd.withLock({ $0.isDoubted }) else { continue }
            let asked = NIODeadline.now()
            guard await store.catchUp(timeout: .seconds(1)) else { continue }
            let end = store.directory.version
            stateEnd.withLock { $0.found(end, asked: asked) }
        }
    }

    private static let doubtPause = Duration.milliseconds(500)

    /// It was judged by more of `ocn.state` than is read here, which may come, or cannot be.
    func hinder(_ attempt: DeliveryAttempt<OutboxRecord>) {
        stateEnd.withLock { $0.doubt() }
        complete(attempt, .hindered)
    }

    func bounds(of pending: PendingRecord<OutboxRecord>) -> RecordBounds {
        RecordBounds(now: store.clock.now, stateEnd: stateEnd.withLock { $0.limit(ofRecordRead: pending.readAt) })
    }

    // MARK: Carrying out

    /// An errand is done; what follows from that is carried out.
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
            case .gate(let partition): gate(partition)
            case .abandon(let partition, let epoch, let records): reading.abandoned(partition, records: records, epoch: epoch)
            case .breaker(let recipient, let turn): tell(recipient, turn)
            }
        }
        if !deliveryAttempts.isEmpty {
            // By turns.
            let first = self.turn.wrappingAdd(deliveryAttempts.count, ordering: .relaxed).newValue & 0xFFFF
            handOver(deliveryAttempts, to: { index, _ in first + index }, run: { self.run($0) })
        }
        metrics.waiting(scheduler.withLock { $0.held })
    }

    private func finish(_ pending: PendingRecord<OutboxRecord>, _ ending: DeliveryOutcome) {
        metrics.ended(pending.payload, ending)
        reading.finished(pending.partition, offset: pending.offset, epoch: pending.epoch)
    }

    /// Two threads may get here in the other order than their changes happened, so the consumer is told what holds now.
    private func gate(_ partition: TopicPartition) {
        gates.withLock { gates in
            let isPaused = scheduler.withLock { $0.isPaused(partition) }
            guard gates[partition, default: false] != isPaused else { return }
            gates[partition] = isPaused
            if isPaused { reading.pause(partition) } else { reading.resume(partition) }
        }
    }

    private func tell(_ recipient: Recipient, _ turn: BreakerTurn) {
        if turn == .opened { metrics.breakerOpenings.increment() }
        turn.log(recipient, to: logger)
        openBreakers.withLock { figure in
            figure = scheduler.withLock { $0.breakers.count }
            metrics.openBreakers(figure)
        }
    }
}
