import DequeModule
import Directory
import Kafka
import NIOCore
import OCPI

/// What EXCHANGE has under way and what waits for a place, per recipient and in total, in requests and in bytes, and which recipients are
/// left alone. A value that is told what happened and says what to do; no I/O, no clock, no lock.
///
/// A recipient that is slow fills its own places and nobody else's. What finds no place waits in the recipient's queue until its time is
/// over. Nobody's queue may hold more than an eighth of what is still free for all, so that many slow recipients leave room for those to
/// come. Where only the total is full, recipients take turns.
///
/// Nor does one account, a platform or node, lock the others out of a recipient: beyond a quarter of its places or of its queue it leaves the
/// last quarter to them. In the queue accounts take turns, what one of them sends is served first come, first served, and who must leave
/// places to others is passed over meanwhile. Who has nothing there yet is not refused because a few others have filled the queue: one of
/// its requests may wait for its turn all the same.
///
/// A recipient that does not answer is not called for a while (see ``Breaker``): then nothing waits for it. Only what has a place asks
/// whether it may call: a repeat that waits for another request's answer has a place and makes no call.
///
/// Recipients with nothing under way are forgotten with what their breakers know. They are looked through when their number has grown by
/// a part of itself, so a call costs the same however many there are.
struct InFlight<Request: HeldCall>: Sendable {
    struct Limits: Sendable {
        var perRecipient: ExchangeLoad
        var inTotal: ExchangeLoad
        var waitingPerRecipient = ExchangeLoad(requests: 512, bytes: 8 * 1024 * 1024)
        var waitingInTotal = ExchangeLoad(requests: 8192, bytes: 128 * 1024 * 1024)
        var breaker = Breaker.Settings()
        /// How many recipients are remembered at most that have nothing under way.
        var idleLimit = 10_000
    }

    /// Why a request is not to be sent.
    enum Refusal: Sendable, Equatable {
        /// As much waits as may.
        case full
        /// The recipient does not answer.
        case breaker
    }

    /// What becomes of a request that wants a place.
    enum Entry: Sendable, Equatable {
        /// It has one; ``leave(_:_:_:callsNobody:now:jitter:)`` must follow.
        case entered
        /// It comes again in an action.
        case waits
        case refused(Refusal)
        /// It would have to wait, and its partition is not ours any more.
        case abandoned
    }

    enum Action: Sendable {
        /// It waited and has a place now.
        case start(Request)
        /// It waited and is not to be sent.
        case refuse(Request, Refusal)
        /// It waited and has no time left.
        case expire(Request)
        /// It waited and its partition is not ours any more.
        case abandon(Request)
        /// Call ``wake(now:)`` at that time.
        case alarm(NIODeadline)
        case breaker(PartyID, Turn)
    }

    typealias Turn = BreakerTransition

    /// Whose requests wait for whom.
    private struct Line: Hashable {
        let recipient: PartyID
        let account: String
    }

    private struct Share {
        var load = ExchangeLoad()
        /// The same of each account that has some.
        var running: [String: ExchangeLoad] = [:]
        var waiting = ExchangeLoad()
        /// Accounts that wait, by turns.
        var turns = Deque<String>()
        var breaker: Breaker
        /// When somebody wanted something of the recipient last.
        var wanted: NIODeadline
        /// It stands among those that could start.
        var isReady = false
    }

    private let limits: Limits
    private var shares: [PartyID: Share] = [:]
    private var room = AdmissionQueue<Line, Request>()
    /// Recipients with a place for who waits for them, as far as they are concerned: only the total has none. They take turns.
    private var ready = Deque<PartyID>()
    private var epochs: [TopicPartition: UInt64] = [:]
    private var lookAt = Self.fewest
    private(set) var total = ExchangeLoad()
    /// Recipients whose breaker is not closed.
    private(set) var unanswering = 0

    private static var fewest: Int { 64 }
    /// A recipient that nobody has wanted anything of for so long is forgotten, whether it was back or not.
    private static var silence: TimeAmount { .minutes(10) }

    init(_ limits: Limits) {
        self.limits = limits
    }

    /// Recipients that are remembered.
    var recipients: Int { shares.count }

    /// What waits for a place.
    var waiting: ExchangeLoad { room.total }

    // MARK: What happened

    /// These partitions are ours from now on.
    mutating func assign(_ partitions: [TopicPartition], epoch: UInt64) {
        for partition in partitions { epochs[partition] = epoch }
    }

    /// These partitions are no longer ours: what waits is not started any more. What has a place may still end.
    mutating func revoke(_ partitions: [TopicPartition], now: NIODeadline) -> [Action] {
        for partition in partitions { epochs[partition] = nil }
        let gone = room.remove(of: Set(partitions))
        left(gone)
        return gone.map(Action.abandon) + goOn(behind: gone)
    }

    /// A request wants a place.
    /// - Parameter callsNobody: it only waits for the answer of another that is under way.
    /// - Returns: what becomes of it, and when to call ``wake(now:)`` if that is news.
    mutating func enter(_ request: Request, callsNobody: Bool = false, now: NIODeadline) -> (entry: Entry, alarm: NIODeadline?) {
        let recipient = request.recipient
        shares[recipient]?.wanted = now
        let share = shares[recipient] ?? Share(breaker: Breaker(limits.breaker), wanted: now)
        // Behind nobody whose turn it is, with a place as far as the recipient is concerned.
        let isBehind = next(in: recipient) != nil || room.load(of: line(of: request)).requests > 0
        let isFree = !isBehind && hasPlace(request, in: share) && share.load.fits(request.bytes, in: limits.perRecipient)
        if isFree, ready.isEmpty, total.fits(request.bytes, in: limits.inTotal) {
            remember(share, of: recipient, now)
            take(request)
            return (.entered, nil)
        }
        guard callsNobody || share.breaker.state == .closed else { return (.refused(.breaker), nil) }
        guard mayWait(request, behind: share) else { return (.refused(.full), nil) }
        guard epochs[request.partition] == request.epoch else { return (.abandoned, nil) }
        remember(share, of: recipient, now)
        wait(request)
        if isFree { makeReady(recipient) }
        return (.waits, room.alarm())
    }

    /// The right of an account to call a recipient, for what has entered; given back on leaving. Nil while it is left alone.
    mutating func permit(_ recipient: PartyID, of account: String, now: NIODeadline) -> Breaker.Permit? {
        shares[recipient]?.breaker.permit(of: account, now: now)
    }

    /// What had a place gives it back.
    /// - Parameters:
    ///   - permit: nil if there was none.
    ///   - callsNobody: of those that wait, whether one only waits for the answer of another.
    ///   - jitter: from -1 to 1.
    mutating func leave(
        _ request: Request, _ permit: Breaker.Permit?, _ outcome: Breaker.Outcome, callsNobody: (Request) -> Bool = { _ in false },
        now: NIODeadline, jitter: Double
    ) -> [Action] {
        let recipient = request.recipient
        guard let before = shares[recipient]?.breaker.state else { return [] }
        giveBack(request)
        var actions: [Action] = []
        if let permit {
            shares[recipient]?.breaker.give(back: permit, outcome, now: now, jitter: jitter)
            switch (before, shares[recipient]?.breaker.state) {
            case (.closed, .open):
                unanswering += 1
                actions.append(.breaker(recipient, .opened))
                actions += removeWaiting(for: recipient) { !callsNobody($0) }.map { .refuse($0, .breaker) }
            case (.halfOpen, .closed):
                unanswering -= 1
                actions.append(.breaker(recipient, .closed))
            default: break
            }
        }
        makeReady(recipient)
        return actions + start()
    }

    /// Time has passed.
    mutating func wake(now: NIODeadline) -> [Action] {
        let overdue = room.removeOverdue(now: now)
        left(overdue)
        return overdue.map(Action.expire) + goOn(behind: overdue)
    }

    // MARK: What follows

    /// Those behind what has left the queues may find places, smaller ones.
    private mutating func goOn(behind gone: [Request]) -> [Action] {
        for request in gone { makeReady(request.recipient) }
        let started = start()
        return started + (room.alarm().map { [.alarm($0)] } ?? [])
    }

    private mutating func makeReady(_ recipient: PartyID) {
        guard let share = shares[recipient], !share.isReady, share.waiting.requests > 0 else { return }
        shares[recipient]?.isReady = true
        ready.append(recipient)
    }

    /// Gives places to those who wait. Every start goes through here.
    private mutating func start() -> [Action] {
        var started: [Action] = []
        while let recipient = ready.first {
            if let next = next(in: recipient), shares[recipient]?.load.fits(next.bytes, in: limits.perRecipient) == true {
                // Whoever leaves next makes room for it.
                guard total.fits(next.bytes, in: limits.inTotal) else { break }
                _ = room.removeFirst(in: line(of: next))
                hadTurn(next)
                take(next)
                started.append(.start(next))
            } else {
                shares[recipient]?.isReady = false
            }
            ready.removeFirst()
            if shares[recipient]?.isReady == true { ready.append(recipient) }
        }
        return started
    }

    private mutating func take(_ request: Request) {
        shares[request.recipient]?.load.add(request.bytes)
        shares[request.recipient]?.running[request.account, default: ExchangeLoad()].add(request.bytes)
        total.add(request.bytes)
    }

    private mutating func giveBack(_ request: Request) {
        shares[request.recipient]?.load.remove(request.bytes)
        shares[request.recipient]?.running[request.account]?.remove(request.bytes)
        if shares[request.recipient]?.running[request.account]?.requests == 0 {
            shares[request.recipient]?.running[request.account] = nil
        }
        total.remove(request.bytes)
    }

    // MARK: Accounts

    private func line(of request: Request) -> Line { Line(recipient: request.recipient, account: request.account) }

    /// Whether its account leaves enough to others.
    private func hasPlace(_ request: Request, in share: Share) -> Bool {
        share.load.allows(request.bytes, to: share.running[request.account] ?? ExchangeLoad(), in: limits.perRecipient)
    }

    /// Who of those that wait for a recipient has the next place, whether it is free or not.
    private mutating func next(in recipient: PartyID) -> Request? {
        guard let share = shares[recipient] else { return nil }
        for account in share.turns {
            if let request = room.first(in: Line(recipient: recipient, account: account)), hasPlace(request, in: share) { return request }
        }
        return nil
    }

    /// It waits from now on.
    private mutating func wait(_ request: Request) {
        if room.load(of: line(of: request)).requests == 0 { shares[request.recipient]?.turns.append(request.account) }
        shares[request.recipient]?.waiting.add(request.bytes)
        room.add(request, to: line(of: request))
    }

    /// It does not wait any more, and its account comes last.
    private mutating func hadTurn(_ request: Request) {
        shares[request.recipient]?.waiting.remove(request.bytes)
        shares[request.recipient]?.turns.removeAll { $0 == request.account }
        if room.load(of: line(of: request)).requests > 0 { shares[request.recipient]?.turns.append(request.account) }
    }

    /// These do not wait any more.
    private mutating func left(_ requests: [Request]) {
        for request in requests {
            shares[request.recipient]?.waiting.remove(request.bytes)
            if room.load(of: line(of: request)).requests == 0 { shares[request.recipient]?.turns.removeAll { $0 == request.account } }
        }
    }

    private mutating func removeWaiting(for recipient: PartyID, where isWanted: (Request) -> Bool) -> [Request] {
        var removed: [Request] = []
        for account in shares[recipient]?.turns ?? [] {
            removed += room.remove(in: Line(recipient: recipient, account: account), where: isWanted)
        }
        left(removed)
        return removed
    }

    private func mayWait(_ request: Request, behind share: Share) -> Bool {
        // What is larger than all places would wait for nothing.
        guard ExchangeLoad().fits(request.bytes, in: limits.perRecipient), ExchangeLoad().fits(request.bytes, in: limits.inTotal) else {
            return false
        }
        let most = ExchangeLoad(
            requests: min(limits.waitingPerRecipient.requests, (limits.waitingInTotal.requests - room.total.requests) / 8),
            bytes: min(limits.waitingPerRecipient.bytes, (limits.waitingInTotal.bytes - room.total.bytes) / 8))
        let own = room.load(of: line(of: request))
        // Who has nothing there yet always finds room if each that waits could have one like it.
        if own.requests == 0, share.running[request.account] == nil {
            let accounts = share.turns.count
            if ExchangeLoad(requests: accounts, bytes: accounts * request.bytes).fits(request.bytes, in: most) { return true }
        }
        return share.waiting.fits(request.bytes, in: most) && share.waiting.allows(request.bytes, to: own, in: most)
    }

    private mutating func remember(_ share: Share, of recipient: PartyID, _ now: NIODeadline) {
        guard shares[recipient] == nil else { return }
        forget(now)
        shares[recipient] = share
    }

    /// Before another recipient comes.
    private mutating func forget(_ now: NIODeadline) {
        guard shares.count >= lookAt else { return }
        drop { $0.breaker.isForgettable(now: now) || now - $0.wanted >= Self.silence }
        // So many at once: rather a healthy one counts anew than that their number grows.
        if shares.count >= limits.idleLimit { drop { $0.breaker.state == .closed } }
        if shares.count >= limits.idleLimit { drop { _ in true } }
        lookAt = max(Self.fewest, min(2 * shares.count, limits.idleLimit), shares.count + shares.count / 4 + 1)
    }

    private mutating func drop(_ isSuperfluous: (Share) -> Bool) {
        shares = shares.filter { _, share in
            share.load.requests > 0 || share.isReady || share.waiting.requests > 0 || !isSuperfluous(share)
        }
        unanswering = shares.count { $0.value.breaker.state != .closed }
    }
}
