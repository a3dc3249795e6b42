import Directory
import Instruments
import Kafka
import Logging
import NIOCore
import Notary
import OCPI
import Outbound
import Synchronization
import Topics
import Wire

/// Takes copies from the outboxes and announcements from `ocn.announce`, and sees each of them through to its end. See ``PushService``
/// for the picture.
///
/// What to do when is ``Lanes``' decision; here it is carried out.
final class PushFlow: GroupHandler {
    let reading = Reading()
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
    private let eventLoops: [any EventLoop]
    private let clockLoop: any EventLoop
    private let turn = Atomic<Int>(0)
    private let lanes: Mutex<Lanes<Consignment>>
    /// How many copies past their horizon may go to `ocn.dead`.
    private let ration: Mutex<Ration>
    private let stateEnd = Mutex(StateEnd())
    /// What the consumer was told last. Taken before `lanes`, never the other way round.
    private let gates = Mutex<[TopicPartition: Bool]>([:])
    /// The gauge's figure. Taken before `lanes`, never the other way round.
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
        eventLoops = Array(client.eventLoops.makeIterator())
        clockLoop = client.eventLoops.next()
        lanes = Mutex(
            Lanes(
                .init(
                    perRecipient: settings.copiesPerRecipient, bytesPerPartition: settings.bytesPerPartition,
                    crowd: .init(
                        records: settings.announcementsPerRecipient, bytes: settings.announcementBytesPerRecipient,
                        totalBytes: settings.announcementBytes),
                    backoff: Backoff(base: .init(settings.backoffBase), cap: .init(settings.backoffCap)),
                    breaker: .init(settings.breaker))))
        ration = Mutex(Ration(perSecond: settings.expiredPerSecond))
    }

    /// The recipients that are not called, or only to see whether they are back.
    var breakers: [Recipient: BreakerStanding] { lanes.withLock { $0.breakers } }

    /// - Returns: nil if one more copy past its horizon may go to `ocn.dead` now, else when to ask again.
    func turnedAway() -> NIODeadline? {
        let now = NIODeadline.now()
        return ration.withLock { $0.take(now: now) }
    }

    // MARK: The consumer's thread

    func assigned(_ partitions: [TopicPartition], epoch: UInt64) {
        // A new assignment is read from the start, whatever was paused before.
        let actions = gates.withLock { gates in
            for partition in partitions { gates[partition] = nil }
            return lanes.withLock { $0.assign(partitions, epoch: epoch) }
        }
        carryOut(actions)
    }

    func revoked(_ partitions: [TopicPartition], lost: Bool) {
        let actions = gates.withLock { gates in
            for partition in partitions { gates[partition] = nil }
            return lanes.withLock { $0.revoke(partitions) }
        }
        carryOut(actions)
    }

    func received(_ batch: [IncomingRecord]) {
        var parcels: [Parcel<Consignment>] = []
        parcels.reserveCapacity(batch.count)
        for record in batch {
            do throws(RecordError) {
                parcels.append(Parcel(record, try Consignment(record, announce: topics.announce)))
            } catch {
                // There is nothing in it that could be sent, nor buried as a copy.
                metrics.malformed.increment()
                failures.log(
                    .error, "unreadable", "unreadable record",
                    metadata: ["at": "\(record.topicPartition)@\(record.offset)", "error": "\(error)"])
                reading.finished(record.topicPartition, offset: record.offset, epoch: record.epoch)
            }
        }
        guard let version = parcels.map(\.cargo.request.stateVersion).max() else { return }
        // An agreement must be known before its absence can mean that it was withdrawn.
        if store.directory.version < version { askForStateEnd() }
        let directory = store.directory
        let due = parcels.filter { parcel in
            guard case .copy(let copy) = parcel.cargo, directory.version >= copy.request.stateVersion,
                directory.service(copy.request.to)?.delivery == .topic
            else { return true }
            finish(parcel, .topic)
            return false
        }
        let now = NIODeadline.now()
        carryOut(lanes.withLock { lanes in due.flatMap { lanes.add($0, now: now) } })
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
    func hinder(_ errand: Errand<Consignment>) {
        stateEnd.withLock { $0.doubt() }
        complete(errand, .hindered)
    }

    func bounds(of parcel: Parcel<Consignment>) -> RecordBounds {
        RecordBounds(now: store.clock.now, stateEnd: stateEnd.withLock { $0.limit(ofRecordRead: parcel.readAt) })
    }

    // MARK: Carrying out

    /// An errand is done; what follows from that is carried out.
    func complete(_ errand: Errand<Consignment>, _ result: ErrandResult) {
        let now = NIODeadline.now()
        let jitter = Double.random(in: -1...1)
        carryOut(lanes.withLock { $0.complete(errand, result, now: now, jitter: jitter) })
    }

    private func wake() {
        let now = NIODeadline.now()
        carryOut(lanes.withLock { $0.wake(now: now) })
    }

    private func carryOut(_ actions: [Lanes<Consignment>.Action]) {
        var errands: [Errand<Consignment>] = []
        for action in actions {
            switch action {
            case .run(let errand): errands.append(errand)
            case .finish(let parcel, let ending): finish(parcel, ending)
            case .alarm(let due): clockLoop.scheduleTask(deadline: due) { self.wake() }
            case .gate(let partition): gate(partition)
            case .abandon(let partition, let epoch, let records): reading.abandoned(partition, records: records, epoch: epoch)
            case .breaker(let recipient, let turn): tell(recipient, turn)
            }
        }
        handOver(errands)
        metrics.waiting(lanes.withLock { $0.held })
    }

    private func finish(_ parcel: Parcel<Consignment>, _ ending: Ending) {
        metrics.ended(parcel.cargo, ending)
        reading.finished(parcel.partition, offset: parcel.offset, epoch: parcel.epoch)
    }

    /// Two threads may get here in the other order than their changes happened, so the consumer is told what holds now.
    private func gate(_ partition: TopicPartition) {
        gates.withLock { gates in
            let isPaused = lanes.withLock { $0.isPaused(partition) }
            guard gates[partition, default: false] != isPaused else { return }
            gates[partition] = isPaused
            if isPaused { reading.pause(partition) } else { reading.resume(partition) }
        }
    }

    private func tell(_ recipient: Recipient, _ turn: BreakerTurn) {
        let metadata: Logger.Metadata = ["recipient": "\(recipient)"]
        switch turn {
        case .opened:
            metrics.breakerOpenings.increment()
            logger.notice("breaker opened: too many calls fail, so the recipient is only asked now and then", metadata: metadata)
        case .closed: logger.notice("breaker closed: the recipient answers again", metadata: metadata)
        case .forgotten: logger.notice("breaker closed: nothing is left here for the recipient", metadata: metadata)
        }
        openBreakers.withLock { figure in
            figure = lanes.withLock { $0.breakers.count }
            metrics.openBreakers(figure)
        }
    }

    /// One wake-up per event loop.
    private func handOver(_ errands: [Errand<Consignment>]) {
        guard !errands.isEmpty else { return }
        let first = turn.wrappingAdd(errands.count, ordering: .relaxed).newValue & 0xFFFF
        for (number, eventLoop) in eventLoops.enumerated() {
            let share = errands.enumerated().filter { (first + $0.offset) % eventLoops.count == number }.map(\.element)
            guard !share.isEmpty else { continue }
            eventLoop.execute {
                for errand in share { self.run(errand) }
            }
        }
    }
}
