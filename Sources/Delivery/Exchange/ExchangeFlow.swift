import Directory
import Instruments
import Kafka
import Logging
import NIOCore
import Notary
import OCPI
import Synchronization
import Topics
import Wire

/// Takes requests from `ocn.requests` and sees each of them through to its one answer. See ``ExchangeService`` for the picture.
final class ExchangeFlow: GroupHandler {
    let reading = Reading()
    let settings: ExchangeSettings
    let topics: TopicNames
    let store: StateStore
    let capabilities: Capabilities
    let producer: Producer
    let client: OutboundClient
    let metrics = ExchangeMetrics()
    let logger: Logger
    /// Told the id of a platform here whenever it answered well.
    let onAnswer: @Sendable (String) -> Void
    private let ownOperator: String
    private let eventLoops: [any EventLoop]
    private let turn = Atomic<Int>(0)
    private let inFlight: Mutex<InFlight>
    private let takeover = Mutex(Takeover())
    let repeats: Mutex<Repeats<Exchange>>

    /// How long a batch waits for the state its requests were accepted under.
    private static let stateTimeout = Duration.milliseconds(250)

    init(
        settings: ExchangeSettings, topics: TopicNames, store: StateStore, capabilities: Capabilities, producer: Producer,
        client: OutboundClient, logger: Logger, onAnswer: @escaping @Sendable (String) -> Void
    ) {
        self.settings = settings
        self.topics = topics
        self.store = store
        self.capabilities = capabilities
        self.producer = producer
        self.client = client
        self.logger = logger
        self.onAnswer = onAnswer
        ownOperator = settings.nodeKey.address.hex
        Resigning.prepare()
        eventLoops = Array(client.eventLoops.makeIterator())
        inFlight = Mutex(
            InFlight(
                perRecipient: InFlight.Load(calls: settings.callsPerRecipient, bytes: settings.bytesPerRecipient),
                inTotal: InFlight.Load(calls: settings.callsInTotal, bytes: settings.bytesInTotal), breaker: .init(settings.breaker)))
        repeats = Mutex(
            Repeats(
                .init(
                    answers: settings.rememberedAnswers, bytes: settings.rememberedBytes, window: .init(settings.repeatWindow),
                    perSender: 4)))
    }

    // MARK: The consumer's thread

    func resuming(_ committed: [CommitOffset], epoch: UInt64) {
        takeover.withLock { $0.resuming(committed) }
    }

    func assigned(_ partitions: [TopicPartition], epoch: UInt64) {
        let now = Timestamp.now.milliseconds
        takeover.withLock { $0.assigned(partitions, now: now) }
    }

    func revoked(_ partitions: [TopicPartition], lost: Bool) {
        takeover.withLock { $0.revoked(partitions) }
    }

    func received(_ batch: [IncomingRecord]) {
        var requests: [(record: IncomingRecord, request: RequestRecord)] = []
        requests.reserveCapacity(batch.count)
        for record in batch {
            do throws(RecordError) {
                requests.append((record, try RequestRecord(record)))
            } catch {
                // Nobody can be answered: the record does not say who waits.
                metrics.malformed.increment()
                logger.error("unreadable request", metadata: ["at": "\(record.topicPartition)@\(record.offset)", "error": "\(error)"])
                reading.finished(record.topicPartition, offset: record.offset, epoch: record.epoch)
            }
        }
        guard let version = requests.map(\.request.stateVersion).max() else { return }
        // Too late is no harm: the request is then judged by what is known, as any request is that came a moment earlier.
        if store.directory.version < version { _ = store.waitBlocking(for: version, timeout: Self.stateTimeout) }
        let directory = store.directory
        let maySend = takeover.withLock { $0.maySend(requests.map { ($0.record, $0.request.method) }) }
        handOver(requests, maySend, directory)
    }

    /// One wake-up per event loop and batch.
    private func handOver(
        _ requests: [(record: IncomingRecord, request: RequestRecord)], _ maySend: [Bool], _ directory: Directory
    ) {
        let wall = Timestamp.now
        let now = NIODeadline.now()
        let first = turn.wrappingAdd(requests.count, ordering: .relaxed).newValue & 0xFFFF
        for (number, eventLoop) in eventLoops.enumerated() {
            var share: [(exchange: Exchange, maySend: Bool)] = []
            for (index, (record, request)) in requests.enumerated() where (first + index) % eventLoops.count == number {
                share.append(
                    (Exchange(request, at: record, settings: settings, wall: wall, now: now, on: eventLoop), maySend[index]))
            }
            guard !share.isEmpty else { continue }
            let mine = share
            eventLoop.execute {
                for (exchange, maySend) in mine { self.begin(exchange, maySend: maySend, directory) }
            }
        }
    }

    // MARK: The request's event loop

    private func begin(_ exchange: Exchange, maySend: Bool, _ directory: Directory) {
        let record = exchange.record
        // Nobody waits: the hub has answered already, and what follows is MATCHER's.
        guard record.reply != nil else { return finish(exchange, entered: false) }
        guard exchange.sendBy > .now() else {
            return settle(exchange, Self.tooLate, entered: false)
        }
        let key = RepeatKey(record)
        if let key, let answer = repeats.withLock({ $0.answer(key, now: .now()) }) {
            return tellAgain(exchange, answer, entered: false)
        }
        // A record that comes again after the partition went and came back may still be under way here.
        guard maySend || key.map({ key in repeats.withLock { $0.isUnderWay(key) } }) == true else {
            return settle(exchange, Self.unknownOutcome, entered: false)
        }
        let destination = Destination(of: record, in: directory, ownOperator: ownOperator)
        if case .none(let obstacle) = destination { return settle(exchange, obstacle, entered: false) }
        guard enter(exchange) else {
            metrics.refused(.busy)
            return settle(exchange, Obstacle(.refused, .connectionProblem, "recipient \(record.to) is busy"), entered: false)
        }
        var exchange = exchange
        if let key {
            switch repeats.withLock({ $0.begin(key, exchange, now: .now()) }) {
            case .first: exchange.repeatKey = key
            case .waits: return
            case .answered(let answer): return tellAgain(exchange, answer, entered: true)
            }
        }
        guard maySend || exchange.repeatKey == nil else { return settle(exchange, Self.unknownOutcome, entered: true) }
        exchange.permit = inFlight.withLock { $0.permit(record.to, now: .now()) }
        guard exchange.permit != nil else {
            metrics.refused(.breaker)
            let message = "recipient \(record.to) is not answering; calls are held back until it does"
            return settle(exchange, Obstacle(.refused, .connectionProblem, message), entered: true)
        }
        do throws(Obstacle) {
            try prepare(exchange, destination, directory)
        } catch {
            settle(exchange, error, entered: true)
        }
    }

    private static let tooLate = Obstacle(.expired, .timeout, "no time was left")
    private static let unknownOutcome = Obstacle(.timeout, .timeout, "outcome unknown: the worker that had it is gone")

    private func enter(_ exchange: Exchange) -> Bool {
        let (entered, calls, unanswering) = inFlight.withLock { state in
            (state.enter(exchange.record.to, bytes: exchange.bytes, now: .now()), state.total.calls, state.unanswering)
        }
        if entered { metrics.inFlight(calls, unanswering: unanswering) }
        return entered
    }

    /// Gives the recipient a `response_url` that leads back through the hub, where there is one.
    private func prepare(_ exchange: Exchange, _ destination: Destination, _ directory: Directory) throws(Obstacle) {
        let record = exchange.record
        guard record.origin == .local, let found = try Rewrites.responseURL(of: record) else {
            return try call(exchange, record, destination, proxy: record.target.map { Hop.Proxy(uid: nil, resource: $0) })
        }
        switch destination {
        case .node(let node):
            // The recipient's node keeps the URL under an id that is ours to choose: it must be in there before that node sees it.
            let id = Capabilities.newID()
            let url = Rewrites.prefix(.callback, for: record, base: node.url, version: .v2_2) + id
            try call(
                exchange, Rewrites.replacing(found, with: url, in: record, key: settings.nodeKey), destination,
                proxy: Hop.Proxy(uid: id, resource: found.url))
        case .platform, .none:
            let capability = Capability(
                kind: .callback, owner: record.from, user: record.to,
                target: Capability.target(found.url, of: record.from, record.module, .sender, in: directory),
                expires: Capability.callbackExpiry(
                    record.module, path: record.path, body: record.body, lifetime: settings.callbackLifetime.milliseconds))
            let prefix = Rewrites.prefix(.callback, for: record, base: settings.publicURL, version: record.version)
            let hubURL = HubURL(prefix: prefix, capability: capability, from: capabilities)
            let changed = Rewrites.replacing(found, with: hubURL.url, in: record, key: settings.nodeKey)
            // The query is part of the URL that is called.
            let destination = Destination(of: changed, in: directory, ownOperator: ownOperator)
            switch hubURL {
            case .sealed: try call(exchange, changed, destination, proxy: nil)
            case .link(_, let capability, let id): callAfterPublishing(capability, id, exchange, changed, destination)
            }
        }
    }

    /// The callback may come before the answer, so the link is safe in Kafka before the call.
    private func callAfterPublishing(
        _ capability: Capability, _ id: String, _ exchange: Exchange, _ record: RequestRecord, _ destination: Destination
    ) {
        capabilities.publish(capability, id: id) { result in
            exchange.eventLoop.execute {
                do throws(Obstacle) {
                    guard case .success = result else { throw Obstacle(.refused, .hubError, "response_url could not be stored") }
                    try self.call(exchange, record, destination, proxy: nil)
                } catch {
                    self.settle(exchange, error, entered: true)
                }
            }
        }
    }

    private func call(_ exchange: Exchange, _ record: RequestRecord, _ destination: Destination, proxy: Hop.Proxy?) throws(Obstacle) {
        switch destination {
        case .platform(let url, let authorization):
            attempt(exchange, Hop.call(record, url: url, authorization: authorization), calledAt: url, tries: 1)
        case .node(let node):
            let request: OutboundRequest
            do { request = try Hop.message(record, to: node, proxy: proxy, key: settings.nodeKey) } catch {
                throw Obstacle(.refused, .invalidParameters, "the body cannot be sent on: \(error)")
            }
            attempt(exchange, request, calledAt: nil, tries: 1)
        case .none(let obstacle): throw obstacle
        }
    }

    /// - Parameter url: what relative URLs in the answer are relative to; nil for another node.
    private func attempt(_ exchange: Exchange, _ request: OutboundRequest, calledAt url: String?, tries: Int) {
        let began = NIODeadline.now()
        // What came before, storing a link say, may have taken all the time there was.
        guard began < exchange.sendBy else { return settle(exchange, Self.tooLate, entered: true) }
        client.send(request, deadline: exchange.sendBy) { result in
            var exchange = exchange
            exchange.callOutcome = Self.judgement(result, of: exchange, began: began)
            switch result {
            case .success(let response):
                exchange.isAnsweredByNode = url == nil
                self.answered(exchange, response, calledAt: url)
            case .failure(let failure):
                let pause = TimeAmount.milliseconds(50 << (2 * Int64(tries - 1)))
                if failure.kind == .notSent, tries < 3, .now() + pause < exchange.sendBy {
                    self.metrics.repeats.increment()
                    exchange.eventLoop.scheduleTask(in: pause) { [exchange] in
                        self.attempt(exchange, request, calledAt: url, tries: tries + 1)
                    }
                } else {
                    self.settle(exchange, Self.obstacle(failure), entered: true)
                }
            }
        }
    }

    /// What a call says about its recipient. Any answer speaks for it, whatever its status: it passes through unchanged, and one module
    /// that fails must not cut off the others.
    private static func judgement(
        _ result: Result<OutboundResponse, OutboundFailure>, of exchange: Exchange, began: NIODeadline
    ) -> Breaker.Outcome {
        switch result {
        case .success: .succeeded
        case .failure(let failure):
            switch failure.kind {
            case .forbidden: .unused
            case .broken: failure.isAnswer ? .succeeded : .failed
            case .notSent, .timeout: began > exchange.fairUntil && .now() >= exchange.sendBy ? .unused : .failed
            }
        }
    }

    private static func obstacle(_ failure: OutboundFailure) -> Obstacle {
        switch failure.kind {
        case .notSent, .forbidden: Obstacle(.unreachable, .connectionProblem, "recipient not reached: \(failure.reason)")
        case .timeout: Obstacle(.timeout, .timeout, "recipient did not answer in time")
        case .broken: Obstacle(.unreachable, .hubError, "recipient's answer is unusable: \(failure.reason)", mayBeDone: true)
        }
    }

    /// The record's one end: nothing of it is held any more.
    func finish(_ exchange: Exchange, entered: Bool) {
        if entered {
            let jitter = Double.random(in: -1...1)
            let (turn, calls, unanswering) = inFlight.withLock { state in
                let turn = state.leave(
                    exchange.record.to, bytes: exchange.bytes, exchange.permit, exchange.callOutcome, now: .now(), jitter: jitter)
                return (turn, state.total.calls, state.unanswering)
            }
            metrics.inFlight(calls, unanswering: unanswering)
            if let turn { tell(turn, of: exchange.record.to) }
        }
        reading.finished(exchange.partition, offset: exchange.offset, epoch: exchange.epoch)
    }

    private func tell(_ turn: InFlight.Turn, of recipient: PartyID) {
        let metadata: Logger.Metadata = ["recipient": "\(recipient)"]
        switch turn {
        case .opened:
            metrics.breakerOpenings.increment()
            logger.notice("breaker opened: the recipient does not answer, so it is only asked now and then", metadata: metadata)
        case .closed: logger.notice("breaker closed: the recipient answers again", metadata: metadata)
        }
    }
}
