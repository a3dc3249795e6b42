import Kafka
import NIOCore
import OCPI
import Outbound
import Topics

/// The state of all requests in EXCHANGE. A value: events go in, actions come out; no I/O, no clock, no lock. ``ExchangeFlow`` carries out
/// the actions.
///
/// ```
/// received ─▶ waits for an intent ─▶ begun ─▶ waits for a place ─▶ calling ─▶ replying ─▶ finished
///  (``StartIntents``, with a            │      (``InFlight``)   └▶ waits for ──▶ ▲ ▲
///   ``RedeliveryGuard`` each)           └── refused, or answered     an answer ──┘ │
///                                           from the ``IdempotencyCache`` ─────────┘
/// ```
/// A request whose partition is revoked before the call is abandoned. A request that has a place keeps it until its reply is in Kafka.
///
/// An event takes amortised logarithmic time for each request that it moves, however many are held. It moves other requests only if they
/// wait for the same answer, for a recipient whose breaker opens, or in a revoked partition, and a bounded number of expired ones.
struct ExchangeState: Sendable {
    typealias Actions = ActionList<ExchangeAction>
    typealias Place = ExchangeStage.Place

    struct Limits: Sendable {
        var intents: StartIntents<HeldExchange>.Limits
        var inFlight: InFlight<HeldExchange>.Limits
        var answers: RecentRequests<RecipientResponse>.Limits
    }

    /// A request that has been started.
    private struct Entry {
        var held: HeldExchange
        var stage = ExchangeStage.begun
    }

    private static let callTries = 3

    /// Each object stands for one reading of one record, so a record that is read again after its partition came back has its own entry.
    private var entries: [ObjectIdentifier: Entry] = [:]
    private var intents: StartIntents<HeldExchange>
    private var inFlight: InFlight<HeldExchange>
    private var idempotency: IdempotencyCache<PendingExchange>
    /// The committed offsets of partitions that are about to be assigned.
    private var committed: [TopicPartition: CommitOffset] = [:]

    init(_ limits: Limits) {
        intents = StartIntents(limits.intents)
        inFlight = InFlight(limits.inFlight)
        idempotency = IdempotencyCache(limits.answers)
    }

    var figures: ExchangeFigures {
        ExchangeFigures(
            waitingForIntent: intents.waiting.requests, waitingForPlace: inFlight.waiting.requests, calls: inFlight.total.requests,
            unanswering: inFlight.unanswering)
    }

    /// The number of started requests that have not ended.
    var begun: Int { entries.count }

    /// The stage of a request; nil if it was not started, or has ended.
    func stage(of exchange: PendingExchange) -> ExchangeStage? { entries[ObjectIdentifier(exchange)]?.stage }

    // MARK: Partitions

    /// Notes the group's committed offsets of the partitions that ``assigned(_:epoch:wall:)`` is about to name.
    mutating func resuming(_ commits: [CommitOffset]) {
        for commit in commits { committed[commit.topicPartition] = commit }
    }

    /// Adds assigned partitions. None of their requests starts before the first intent is acknowledged.
    /// - Parameter wall: milliseconds since 1970, on the clock of the records.
    mutating func assigned(_ partitions: [TopicPartition], epoch: UInt64, wall: Int64, now: NIODeadline) -> Actions {
        let guards = partitions.reduce(into: [:]) { $0[$1] = RedeliveryGuard(committed.removeValue(forKey: $1), since: wall) }
        inFlight.assign(partitions, epoch: epoch)
        var actions = Actions()
        follow(intents.assign(guards, epoch: epoch), now: now, &actions)
        return actions
    }

    /// Removes revoked partitions: their waiting requests are not called any more. Running requests may still end.
    mutating func revoked(_ partitions: [TopicPartition], now: NIODeadline) -> Actions {
        var actions = Actions()
        let left = inFlight.revoke(partitions, now: now)
        follow(left, now: now, &actions)
        let waiting = left.compactMap { if case .abandon(let held) = $0 { held } else { nil } }
        follow(intents.revoke(partitions, waiting: waiting), now: now, &actions)
        return actions
    }

    /// Adds requests, in the order of their records.
    mutating func received(_ batch: [(record: IncomingRecord, exchange: PendingExchange)], now: NIODeadline) -> Actions {
        let isInDoubt = batch.map { intents.isInDoubt($0.record) }
        let maySend: [Bool]? =
            isInDoubt.contains(true)
            ? RedeliveryGuard.maySend(zip(batch, isInDoubt).map { ($0.record.key, $0.exchange.record.method, $1) }) : nil
        let held = batch.indices.map {
            HeldExchange(exchange: batch[$0].exchange, isInDoubt: isInDoubt[$0], maySend: maySend?[$0] ?? true)
        }
        var actions = Actions()
        follow(intents.receive(held, now: now), now: now, &actions)
        return actions
    }

    /// The commit metadata of a partition now; nil for a partition that was never assigned.
    mutating func intent(_ partition: TopicPartition, commitPoint: Int64, now: NIODeadline) -> String? {
        intents.next(partition, commitPoint: commitPoint, now: now)
    }

    /// Handles Kafka's acknowledgement of these commits and their intents.
    mutating func committed(_ commits: [CommitOffset], now: NIODeadline) -> Actions {
        var actions = Actions()
        follow(intents.committed(commits, now: now), haveWaited: true, now: now, &actions)
        return actions
    }

    /// Handles the passing of time: expired requests are dropped.
    mutating func wake(now: NIODeadline) -> Actions {
        var actions = Actions()
        follow(intents.wake(now: now), now: now, &actions)
        follow(inFlight.wake(now: now), now: now, &actions)
        return actions
    }

    // MARK: One request

    /// Admits a started request on its event loop.
    /// - Parameters:
    ///   - key: identifies repeats of the request; nil if it may be sent twice.
    ///   - unroutable: why the request has no destination; nil if it has one.
    mutating func admit(_ exchange: PendingExchange, _ key: IdempotencyKey?, unroutable: ExchangeFailure?, now: NIODeadline) -> Actions {
        var actions = Actions()
        guard case .begun? = stage(of: exchange), var held = entries[ObjectIdentifier(exchange)]?.held else { return actions }
        if let fault = exchange.fault {
            refuse(exchange, .implausible(fault), place: nil, &actions)
        } else if exchange.sendBy <= now {
            refuse(exchange, .late(isInDoubt: held.isInDoubt), place: nil, &actions)
        } else if let key, let answer = idempotency.answer(key, now: now) {
            reply(exchange, answer, isRepeat: true, place: nil, &actions)
        } else {
            // A record that is read again after its partition was revoked and assigned again may still be running here.
            held.isRepeat = key.map { idempotency.isUnderWay($0) } ?? false
            entries[ObjectIdentifier(exchange)]?.held = held
            if !held.maySend, !held.isRepeat {
                refuse(exchange, .inDoubt, place: nil, &actions)
            } else if let unroutable {
                refuse(exchange, .unroutable(unroutable), place: nil, &actions)
            } else {
                enter(held, key, now: now, &actions)
            }
        }
        return actions
    }

    /// Ends this request and its repeats with the recipient's answer, or with the one that replaces it.
    mutating func answered(_ exchange: PendingExchange, _ answer: RecipientResponse, now: NIODeadline) -> Actions {
        end(exchange, answer, .succeeded, now: now)
    }

    /// Handles a failure before the recipient was called.
    mutating func failed(_ exchange: PendingExchange, _ failure: ExchangeFailure, now: NIODeadline) -> Actions {
        end(exchange, RecipientResponse(failure), .unused, now: now)
    }

    /// Handles a call without an answer. A call that was not sent is repeated while time is left.
    /// - Parameter began: when the call began.
    mutating func callFailed(_ exchange: PendingExchange, _ failure: OutboundFailure, began: NIODeadline, now: NIODeadline) -> Actions {
        guard case .calling(var call)? = stage(of: exchange) else { return Actions() }
        let outcome = failure.outcome(isFair: began <= exchange.fairUntil || now < exchange.sendBy)
        let due = now + .milliseconds(50 << (2 * Int64(call.tries - 1)))
        guard failure.isWorthAnotherTry, call.tries < Self.callTries, due < exchange.sendBy else {
            return end(exchange, RecipientResponse(failure.exchangeFailure(of: exchange.recipient)), outcome, now: now)
        }
        call.tries += 1
        call.outcome = outcome
        entries[ObjectIdentifier(exchange)]?.stage = .calling(call)
        var actions = Actions()
        actions.append(.waitUntil(due))
        return actions
    }

    /// Handles a request that expired just before its call. Earlier steps, such as storing a link, may have used up its time.
    mutating func expired(_ exchange: PendingExchange, now: NIODeadline) -> Actions {
        var actions = Actions()
        guard case .calling(let call)? = stage(of: exchange), let held = entries[ObjectIdentifier(exchange)]?.held else { return actions }
        let refusal: ExchangeRefusal = call.tries == 1 ? .late(isInDoubt: held.isInDoubt) : .expired
        refuse(exchange, refusal, key: call.key, place: Place(permit: call.permit, outcome: call.outcome), now: now, &actions)
        return actions
    }

    /// Handles the acknowledgement of a reply, or a reply without a waiting caller: the request returns its place and its permit.
    /// - Parameter jitter: from -1 to 1.
    mutating func replyAcknowledged(_ exchange: PendingExchange, now: NIODeadline, jitter: Double) -> Actions {
        var actions = Actions()
        guard case .replying(let reply)? = stage(of: exchange), let entry = entries.removeValue(forKey: ObjectIdentifier(exchange)) else {
            return actions
        }
        if let place = reply.place {
            let next = inFlight.leave(
                entry.held, place.permit, place.outcome, callsNobody: \.isRepeat, now: now, jitter: jitter)
            follow(next, now: now, &actions)
        }
        actions.append(.finish(exchange))
        return actions
    }

    /// Handles a reply that Kafka refused. It is written again while its caller waits, and then ends as if acknowledged.
    /// - Parameter isFinal: whether Kafka will refuse it for ever.
    mutating func replyFailed(_ exchange: PendingExchange, isFinal: Bool, now: NIODeadline, jitter: Double) -> Actions {
        guard case .replying(var reply)? = stage(of: exchange) else { return Actions() }
        let due = now + .milliseconds(min(20 << Int64(min(reply.tries, 6)), 1000))
        guard !isFinal, due < exchange.answerBy else { return replyAcknowledged(exchange, now: now, jitter: jitter) }
        reply.tries += 1
        entries[ObjectIdentifier(exchange)]?.stage = .replying(reply)
        var actions = Actions()
        actions.append(.waitUntil(due))
        return actions
    }

    // MARK: Consequences

    /// Requests a place.
    private mutating func enter(_ held: HeldExchange, _ key: IdempotencyKey?, now: NIODeadline, _ actions: inout Actions) {
        let (entry, alarm) = inFlight.enter(held, callsNobody: held.isRepeat, now: now)
        switch entry {
        case .entered: start(held, key, now: now, &actions)
        case .waits: entries[ObjectIdentifier(held.exchange)]?.stage = .waitsForPlace(key)
        case .refused(let refusal): refuse(held.exchange, ExchangeRefusal(refusal), place: nil, &actions)
        case .abandoned: abandon(held, &actions)
        }
        if let alarm { actions.append(.wake(alarm)) }
    }

    /// Starts a request that has a place. Only now is it known whether it repeats another, and with what result.
    private mutating func start(_ held: HeldExchange, _ key: IdempotencyKey?, now: NIODeadline, _ actions: inout Actions) {
        let exchange = held.exchange
        guard exchange.sendBy > now else { return refuse(exchange, .expired, place: Place(), &actions) }
        if let key {
            switch idempotency.begin(key, exchange, now: now) {
            case .first: break
            case .waits:
                entries[ObjectIdentifier(exchange)]?.stage = .waitsForAnswer
                return
            case .answered(let answer): return reply(exchange, answer, isRepeat: true, place: Place(), &actions)
            }
        }
        guard held.maySend else { return refuse(exchange, .inDoubt, key: key, place: Place(), now: now, &actions) }
        guard let permit = inFlight.permit(exchange.recipient, of: exchange.account, now: now) else {
            return refuse(exchange, .breaker, key: key, place: Place(), now: now, &actions)
        }
        entries[ObjectIdentifier(exchange)]?.stage = .calling(.init(key: key, permit: permit))
        actions.append(.call(exchange))
    }

    /// Ends the call.
    private mutating func end(
        _ exchange: PendingExchange, _ answer: RecipientResponse, _ outcome: Breaker.Outcome, now: NIODeadline
    ) -> Actions {
        var actions = Actions()
        guard case .calling(let call)? = stage(of: exchange) else { return actions }
        if let key = call.key { endRepeats(of: exchange, key, answer, now: now, &actions) }
        reply(exchange, answer, isRepeat: false, place: Place(permit: call.permit, outcome: outcome), &actions)
        return actions
    }

    /// Ends the waiting repeats with the same answer, and keeps it for later ones if the recipient may have carried out the request.
    private mutating func endRepeats(
        of exchange: PendingExchange, _ key: IdempotencyKey, _ answer: RecipientResponse, now: NIODeadline, _ actions: inout Actions
    ) {
        let isKept = exchange.record.copyID == nil ? answer.mayBeDone : answer.endsCopy
        for waiting in idempotency.end(key, isKept ? answer : nil, of: exchange.account, now: now) {
            reply(waiting, answer, isRepeat: true, place: Place(), &actions)
        }
    }

    private mutating func reply(
        _ exchange: PendingExchange, _ answer: RecipientResponse, isRepeat: Bool, place: Place?, _ actions: inout Actions
    ) {
        entries[ObjectIdentifier(exchange)]?.stage = .replying(.init(place: place))
        actions.append(.writeReply(exchange, answer, isRepeat: isRepeat))
    }

    private mutating func refuse(
        _ exchange: PendingExchange, _ refusal: ExchangeRefusal, place: Place?, _ actions: inout Actions
    ) {
        entries[ObjectIdentifier(exchange)]?.stage = .replying(.init(place: place))
        actions.append(.refuse(exchange, refusal))
    }

    /// Refuses the first request of its key and its waiting repeats.
    private mutating func refuse(
        _ exchange: PendingExchange, _ refusal: ExchangeRefusal, key: IdempotencyKey?, place: Place, now: NIODeadline,
        _ actions: inout Actions
    ) {
        if let key {
            endRepeats(of: exchange, key, RecipientResponse(refusal.failure(of: exchange.recipient)), now: now, &actions)
        }
        refuse(exchange, refusal, place: place, &actions)
    }

    private mutating func abandon(_ held: HeldExchange, _ actions: inout Actions) {
        entries[ObjectIdentifier(held.exchange)] = nil
        actions.append(.abandon(held.exchange))
    }

    /// - Parameter haveWaited: whether these requests had to wait for an intent.
    private mutating func follow(
        _ steps: [StartIntents<HeldExchange>.Action], haveWaited: Bool = false, now: NIODeadline, _ actions: inout Actions
    ) {
        for step in steps {
            switch step {
            case .begin(let held):
                if haveWaited { actions.append(.waited(now - held.exchange.began, for: .intent)) }
                // No caller waits: the hub has already answered, and MATCHER continues.
                guard held.exchange.record.reply != nil else {
                    actions.append(.finish(held.exchange))
                    continue
                }
                entries[ObjectIdentifier(held.exchange)] = Entry(held: held)
                actions.append(.begin(held.exchange))
            case .expire(let held):
                actions.append(.waited(now - held.exchange.began, for: .intent))
                entries[ObjectIdentifier(held.exchange)] = Entry(held: held)
                refuse(held.exchange, .late(isInDoubt: held.isInDoubt), place: nil, &actions)
            case .abandon(let held): actions.append(.abandon(held.exchange))
            case .commit(let partition): actions.append(.writeIntent(partition))
            case .pause(let partition): actions.append(.pause(partition))
            case .resume(let partition): actions.append(.resume(partition))
            case .alarm(let due): actions.append(.wake(due))
            }
        }
    }

    private mutating func follow(_ steps: [InFlight<HeldExchange>.Action], now: NIODeadline, _ actions: inout Actions) {
        for step in steps {
            switch step {
            case .start(let held):
                waited(held, now, &actions)
                guard case .waitsForPlace(let key)? = stage(of: held.exchange) else { continue }
                start(held, key, now: now, &actions)
            case .refuse(let held, let refusal):
                waited(held, now, &actions)
                refuse(held.exchange, ExchangeRefusal(refusal), place: nil, &actions)
            case .expire(let held):
                waited(held, now, &actions)
                refuse(held.exchange, .expired, place: nil, &actions)
            case .abandon(let held): abandon(held, &actions)
            case .alarm(let due): actions.append(.wake(due))
            case .breaker(let recipient, let turn): actions.append(.breaker(recipient, turn))
            }
        }
    }

    private func waited(_ held: HeldExchange, _ now: NIODeadline, _ actions: inout Actions) {
        actions.append(.waited(now - held.exchange.began, for: .place))
    }
}

extension ExchangeRefusal {
    fileprivate init(_ refusal: InFlight<HeldExchange>.Refusal) {
        switch refusal {
        case .full: self = .busy
        case .breaker: self = .breaker
        }
    }
}
