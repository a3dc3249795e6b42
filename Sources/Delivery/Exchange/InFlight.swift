import DequeModule
import Directory
import Kafka
import NIOCore
import OCPI

/// Running and waiting requests, per recipient and in total, in requests and in bytes, and the breakers of recipients. A value: events go
/// in, actions come out; no I/O, no clock, no lock.
///
/// A slow recipient uses only its own places. A request without a place waits in the recipient's queue until it expires. A queue may hold
/// at most an eighth of the free total, so that many slow recipients leave room for others. When only the total is full, recipients take
/// turns.
///
/// One account (a platform or node) cannot block a recipient for the others: above a quarter of the recipient's places or queue, it must
/// leave the last quarter free. Accounts take turns in the queue, the requests of one account are served in order, and an account that must
/// leave places free is skipped meanwhile. An account without a request at the recipient is not refused because a few others have filled
/// the queue: one of its requests may always wait.
///
/// A recipient that does not answer is not called for a while (see ``Breaker``), and no request waits for it. Only a request that has a
/// place asks for a permit: a repeat that waits for another request's answer has a place and makes no call.
///
/// Recipients without running requests are forgotten, with their breakers' counts. The search for them runs when their number has grown by
/// a fraction of itself, so the cost of a call does not depend on their number.
struct InFlight<Request: HeldCall>: Sendable {
    struct Limits: Sendable {
        var perRecipient: ExchangeLoad
        var inTotal: ExchangeLoad
        var waitingPerRecipient = ExchangeLoad(requests: 512, bytes: 8 * 1024 * 1024)
        var waitingInTotal = ExchangeLoad(requests: 8192, bytes: 128 * 1024 * 1024)
        var breaker = Breaker.Settings()
        /// The most recipients without running requests that are kept.
        var idleLimit = 10_000
    }

    /// The reason why a request is not sent.
    enum Refusal: Sendable, Equatable {
        /// The queue is full.
        case full
        /// The recipient's breaker is open.
        case breaker
    }

    /// The result for a request that needs a place.
    enum Entry: Sendable, Equatable {
        /// It has a place; ``leave(_:_:_:callsNobody:now:jitter:)`` must follow.
        case entered
        /// It waits; a later action names it again.
        case waits
        case refused(Refusal)
        /// It would have to wait, and its partition was revoked.
        case abandoned
    }

    enum Action: Sendable {
        /// The request waited and has a place now.
        case start(Request)
        /// The request waited and must not be sent.
        case refuse(Request, Refusal)
        /// The request waited and has expired.
        case expire(Request)
        /// The request waited and its partition was revoked.
        case abandon(Request)
        /// Call ``wake(now:)`` at that time.
        case alarm(NIODeadline)
        case breaker(PartyID, Turn)
    }

    typealias Turn = BreakerTransition

    /// Identifies the queue of one account's requests to one recipient.
    private struct Line: Hashable {
        let recipient: PartyID
        let account: String
    }

    private struct Share {
        var load = ExchangeLoad()
        /// The same for each account that has running requests.
        var running: [String: ExchangeLoad] = [:]
        var waiting = ExchangeLoad()
        /// The accounts that wait, in the order of their turns.
        var turns = Deque<String>()
        var breaker: Breaker
        /// When a request to the recipient last arrived.
        var wanted: NIODeadline
        /// Whether the recipient is in `ready`.
        var isReady = false
    }

    private let limits: Limits
    private var shares: [PartyID: Share] = [:]
    private var room = AdmissionQueue<Line, Request>()
    /// Recipients that have a free place and a waiting request, so that only the total can be full. They take turns.
    private var ready = Deque<PartyID>()
    private var epochs: [TopicPartition: UInt64] = [:]
    private var lookAt = Self.fewest
    private(set) var total = ExchangeLoad()
    /// Recipients whose breaker is not closed.
    private(set) var unanswering = 0

    private static var fewest: Int { 64 }
    /// A recipient without a request for so long is forgotten, whatever the state of its breaker.
    private static var silence: TimeAmount { .minutes(10) }

    init(_ limits: Limits) {
        self.limits = limits
    }

    /// The number of recipients that are kept.
    var recipients: Int { shares.count }

    /// The load of the waiting requests.
    var waiting: ExchangeLoad { room.total }

    // MARK: Events

    /// Adds assigned partitions.
    mutating func assign(_ partitions: [TopicPartition], epoch: UInt64) {
        for partition in partitions { epochs[partition] = epoch }
    }

    /// Removes revoked partitions: their waiting requests do not start any more. Running requests may still end.
    mutating func revoke(_ partitions: [TopicPartition], now: NIODeadline) -> [Action] {
        for partition in partitions { epochs[partition] = nil }
        let gone = room.remove(of: Set(partitions))
        left(gone)
        return gone.map(Action.abandon) + goOn(behind: gone)
    }

    /// Requests a place.
    /// - Parameter callsNobody: whether the request only waits for the answer of another running request.
    /// - Returns: the result, and when to call ``wake(now:)`` if that time has changed.
    mutating func enter(_ request: Request, callsNobody: Bool = false, now: NIODeadline) -> (entry: Entry, alarm: NIODeadline?) {
        let recipient = request.recipient
        shares[recipient]?.wanted = now
        let share = shares[recipient] ?? Share(breaker: Breaker(limits.breaker), wanted: now)
        // The request must not overtake the waiting ones.
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

    /// A permit for an account to call a recipient, for a request that has a place; returned on leaving. Nil while the breaker is open.
    mutating func permit(_ recipient: PartyID, of account: String, now: NIODeadline) -> Breaker.Permit? {
        shares[recipient]?.breaker.permit(of: account, now: now)
    }

    /// Returns the place of a request.
    /// - Parameters:
    ///   - permit: nil if there was none.
    ///   - callsNobody: whether a waiting request only waits for the answer of another.
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

    /// Handles the passing of time.
    mutating func wake(now: NIODeadline) -> [Action] {
        let overdue = room.removeOverdue(now: now)
        left(overdue)
        return overdue.map(Action.expire) + goOn(behind: overdue)
    }

    // MARK: Consequences

    /// Starts smaller requests that a removed one held back.
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

    /// Gives free places to waiting requests. Every start goes through here.
    private mutating func start() -> [Action] {
        var started: [Action] = []
        while let recipient = ready.first {
            if let next = next(in: recipient), shares[recipient]?.load.fits(next.bytes, in: limits.perRecipient) == true {
                // The next request that leaves makes room for it.
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

    /// Whether the account of a request leaves enough places to others.
    private func hasPlace(_ request: Request, in share: Share) -> Bool {
        share.load.allows(request.bytes, to: share.running[request.account] ?? ExchangeLoad(), in: limits.perRecipient)
    }

    /// The waiting request that gets the recipient's next place, whether or not one is free.
    private mutating func next(in recipient: PartyID) -> Request? {
        guard let share = shares[recipient] else { return nil }
        for account in share.turns {
            if let request = room.first(in: Line(recipient: recipient, account: account)), hasPlace(request, in: share) { return request }
        }
        return nil
    }

    /// Adds a request to its queue.
    private mutating func wait(_ request: Request) {
        if room.load(of: line(of: request)).requests == 0 { shares[request.recipient]?.turns.append(request.account) }
        shares[request.recipient]?.waiting.add(request.bytes)
        room.add(request, to: line(of: request))
    }

    /// Removes a request from its queue and moves its account to the end of the turns.
    private mutating func hadTurn(_ request: Request) {
        shares[request.recipient]?.waiting.remove(request.bytes)
        shares[request.recipient]?.turns.removeAll { $0 == request.account }
        if room.load(of: line(of: request)).requests > 0 { shares[request.recipient]?.turns.append(request.account) }
    }

    /// Removes empty queues after these requests have left.
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
        // A request larger than the whole limit would never get a place.
        guard ExchangeLoad().fits(request.bytes, in: limits.perRecipient), ExchangeLoad().fits(request.bytes, in: limits.inTotal) else {
            return false
        }
        let most = ExchangeLoad(
            requests: min(limits.waitingPerRecipient.requests, (limits.waitingInTotal.requests - room.total.requests) / 8),
            bytes: min(limits.waitingPerRecipient.bytes, (limits.waitingInTotal.bytes - room.total.bytes) / 8))
        let own = room.load(of: line(of: request))
        // An account without requests there always finds room if each waiting account could have one like it.
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
        // With so many recipients at once, rather drop the counts of healthy ones than let their number grow.
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
