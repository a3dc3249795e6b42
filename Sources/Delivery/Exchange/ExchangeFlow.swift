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

/// Takes requests from `ocn.requests` and sees each of them through to its one answer. See ``ExchangeService`` for the picture.
final class ExchangeFlow: GroupHandler {
    let acknowledger = RecordAcknowledger()
    let settings: ExchangeSettings
    let topics: TopicNames
    let store: StateStore
    let capabilities: Capabilities
    let producer: Producer
    let client: OutboundClient
    let metrics = ExchangeMetrics()
    let logger: Logger
    /// For what repeats: with each record, or until an operator does something.
    let failures: ThrottledLog
    /// Told the id of a platform here whenever it answered well.
    let onAnswer: @Sendable (String) -> Void
    let ownOperator: String
    let inFlight: Mutex<InFlight<PendingExchange>>
    let idempotency: Mutex<IdempotencyCache<PendingExchange>>
    private let intents: Mutex<StartIntents<PendingExchange>>
    /// What the group has committed of partitions that are about to be assigned.
    private let committed = Mutex<[TopicPartition: CommitOffset]>([:])
    private let eventLoops: [any EventLoop]
    private let clockLoop: any EventLoop

    /// How long a batch waits for the state its requests were accepted under.
    private static let stateTimeout = Duration.milliseconds(250)

    /// - Parameter lease: how long after a commit was sent the partition is certainly still ours.
    init(
        settings: ExchangeSettings, topics: TopicNames, store: StateStore, capabilities: Capabilities, producer: Producer,
        client: OutboundClient, lease: Duration, logger: Logger, onAnswer: @escaping @Sendable (String) -> Void
    ) {
        self.settings = settings
        self.topics = topics
        self.store = store
        self.capabilities = capabilities
        self.producer = producer
        self.client = client
        self.logger = logger
        failures = ThrottledLog(logger)
        self.onAnswer = onAnswer
        ownOperator = settings.nodeKey.address.hex
        Resigning.prepare()
        eventLoops = Array(client.eventLoops.makeIterator())
        clockLoop = client.eventLoops.next()
        inFlight = Mutex(InFlight(.init(settings)))
        intents = Mutex(StartIntents(.init(lease: .init(lease))))
        idempotency = Mutex(
            IdempotencyCache(
                .init(
                    requests: settings.rememberedAnswers, bytes: settings.rememberedBytes, window: .init(settings.repeatWindow),
                    perAccount: 4)))
    }

    // MARK: The consumer's thread

    func resuming(_ committed: [CommitOffset], epoch: UInt64) {
        self.committed.withLock { known in for commit in committed { known[commit.topicPartition] = commit } }
    }

    func assigned(_ partitions: [TopicPartition], epoch: UInt64, acknowledger: RecordAcknowledger) {
        let now = store.clock.now.milliseconds
        let redeliveryGuards = committed.withLock { known in
            partitions.reduce(into: [:]) { $0[$1] = RedeliveryGuard(known.removeValue(forKey: $1), since: now) }
        }
        inFlight.withLock { $0.assign(partitions, epoch: epoch) }
        carryOut(intents.withLock { $0.assign(redeliveryGuards, epoch: epoch) })
    }

    func revoked(_ partitions: [TopicPartition], lost: Bool, acknowledger: RecordAcknowledger) {
        let actions = inFlight.withLock { $0.revoke(partitions, now: .now()) }
        let waiting = actions.compactMap { if case .abandon(let exchange) = $0 { exchange } else { nil } }
        carryOut(actions)
        carryOut(intents.withLock { $0.revoke(partitions, waiting: waiting) })
    }

    func received(_ batch: [IncomingRecord], acknowledger: RecordAcknowledger) {
        var requests: [(record: IncomingRecord, request: RequestRecord)] = []
        requests.reserveCapacity(batch.count)
        for record in batch {
            do throws(RecordError) {
                requests.append((record, try RequestRecord(record)))
            } catch {
                // Nobody can be answered: the record does not say who waits.
                metrics.malformed.increment()
                failures.log(
                    .error, "unreadable", "unreadable request",
                    metadata: ["at": "\(record.topicPartition)@\(record.offset)", "error": "\(error)"])
                acknowledger.finished([record])
            }
        }
        guard let version = requests.map(\.request.stateVersion).max() else { return }
        let bounds = store.bounds(reaching: version, timeout: Self.stateTimeout)
        let wall = store.clock.now
        let now = NIODeadline.now()
        let isInDoubt = intents.withLock { intents in requests.map { intents.isInDoubt($0.record) } }
        let maySend = RedeliveryGuard.maySend(zip(requests, isInDoubt).map { ($0.record.key, $0.request.method, $1) })
        let directory = store.directory
        let exchanges = requests.enumerated().map { index, entry in
            var exchange = PendingExchange(
                entry.request, at: entry.record, account: directory.account(of: entry.request.from), settings: settings, wall: wall,
                now: now, on: eventLoop(for: entry.request.to))
            exchange.isInDoubt = isInDoubt[index]
            exchange.maySend = maySend[index]
            exchange.fault = bounds.fault(of: entry.request)
            if let fault = exchange.fault {
                metrics.implausible.increment()
                failures.log(
                    .error, "implausible", "request that cannot be true",
                    metadata: ["at": "\(entry.record.topicPartition)@\(entry.record.offset)", "error": "\(fault)"])
            }
            return exchange
        }
        carryOut(intents.withLock { $0.receive(exchanges, now: now) })
    }

    func committed(_ offsets: [CommitOffset]) {
        let now = NIODeadline.now()
        let actions = intents.withLock { $0.committed(offsets, now: now) }
        for case .begin(let exchange) in actions { metrics.waited(now - exchange.began, for: .intent) }
        carryOut(actions)
    }

    /// What is committed beside an offset, now.
    func intent(_ partition: TopicPartition, commitPoint: Int64) -> String? {
        intents.withLock { $0.next(partition, commitPoint: commitPoint, now: .now()) }
    }

    // MARK: Carrying out

    private func carryOut(_ actions: [StartIntents<PendingExchange>.Action]) {
        var begun: [PendingExchange] = []
        var uncommitted: [TopicPartition] = []
        for action in actions {
            switch action {
            case .begin(let exchange): begun.append(exchange)
            case .expire(let exchange): waited(exchange, for: .intent) { self.settle(exchange, self.hubTooLate(exchange), entered: false) }
            case .abandon(let exchange): abandon(exchange)
            case .commit(let partition): uncommitted.append(partition)
            case .pause(let partition): acknowledger.pause([partition])
            case .resume(let partition): acknowledger.resume([partition])
            case .alarm(let due):
                clockLoop.scheduleTask(deadline: due) { self.carryOut(self.intents.withLock { $0.wake(now: .now()) }) }
            }
        }
        handOver(begun)
        if !uncommitted.isEmpty { acknowledger.commitSoon(uncommitted) }
        metrics.waiting(intents.withLock { $0.waiting.requests }, for: .intent)
    }

    /// One wake-up per event loop.
    private func handOver(_ exchanges: [PendingExchange]) {
        guard !exchanges.isEmpty else { return }
        let directory = store.directory
        for eventLoop in eventLoops {
            let share = exchanges.filter { $0.eventLoop === eventLoop }
            guard !share.isEmpty else { continue }
            eventLoop.execute {
                for exchange in share { self.begin(exchange, directory) }
            }
        }
    }

    /// The same for all requests to a recipient, so that none overtakes another.
    private func eventLoop(for recipient: PartyID) -> any EventLoop {
        eventLoops[Int(UInt(bitPattern: recipient.hashValue) % UInt(eventLoops.count))]
    }

    /// It was not sent: whoever gets its partition next sends it.
    func abandon(_ exchange: PendingExchange) { acknowledger.abandoned(exchange.partition, records: 1, epoch: exchange.epoch) }

    func carryOut(_ actions: [InFlight<PendingExchange>.Action]) {
        guard !actions.isEmpty else { return }
        for action in actions {
            switch action {
            case .start(let exchange): waited(exchange, for: .place) { self.goOn(exchange) }
            case .refuse(let exchange, let refusal): waited(exchange, for: .place) { self.refuse(exchange, refusal, entered: false) }
            case .expire(let exchange):
                waited(exchange, for: .place) { self.settle(exchange, Self.waitedTooLong(exchange), entered: false) }
            case .abandon(let exchange): abandon(exchange)
            case .alarm(let due): wake(at: due)
            case .breaker(let recipient, let turn): tell(turn, of: recipient)
            }
        }
        metrics.waiting(inFlight.withLock { $0.waiting.requests }, for: .place)
    }

    /// Looks then whether the time of something that waits for a place is over.
    func wake(at due: NIODeadline) {
        clockLoop.scheduleTask(deadline: due) { self.carryOut(self.inFlight.withLock { $0.wake(now: .now()) }) }
    }

    private func waited(_ exchange: PendingExchange, for wait: ExchangeMetrics.Wait, then body: @escaping @Sendable () -> Void) {
        metrics.waited(.now() - exchange.began, for: wait)
        exchange.eventLoop.execute(body)
    }

    private func tell(_ turn: InFlight<PendingExchange>.Turn, of recipient: PartyID) {
        let metadata: Logger.Metadata = ["recipient": "\(recipient)"]
        switch turn {
        case .opened:
            metrics.breakerOpenings.increment()
            logger.notice("breaker opened: the recipient does not answer, so it is only asked now and then", metadata: metadata)
        case .closed: logger.notice("breaker closed: the recipient answers again", metadata: metadata)
        }
    }
}
