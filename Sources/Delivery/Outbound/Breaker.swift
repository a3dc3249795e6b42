import Directory
import NIOCore

/// The circuit breaker of one recipient, which stops calls while most of them fail. A value without clock or lock.
///
/// Closed, it counts the calls of the last `window`; it opens when there were enough calls and too large a part of them failed. Open, it
/// permits no call. After a pause it is half-open and permits a round of a few probes: if nearly all succeed it closes, if too many fail it
/// opens for longer, and otherwise (dead band) it makes another round. A breaker that reopens soon after closing stays open longer than
/// before.
///
/// One account (the calling platform or node) may send requests that every recipient fails to answer, so the failures of one account are no
/// sufficient evidence. The suspect is the account with the most failures when the breaker opened. The breaker stays closed if the calls of
/// the other accounts did not fail often enough. If the suspect was the only account, other accounts get probes at once, without waiting
/// for the pause. While others have probes, the suspect has a separate limit of one probe at a time; if that fails, only the suspect is
/// paused.
struct Breaker: Sendable {
    struct Settings: Sendable {
        /// Period over which calls are counted.
        var window = TimeAmount.seconds(30)
        /// Minimum number of calls in the window before the breaker may open.
        var minimumCalls = 20
        /// Minimum number of calls of other accounts than the suspect for their failure rate to count. With fewer, the breaker opens only
        /// if every call failed.
        var minimumOfOthers = 4
        /// Failure rate at which the breaker opens, 0 to 1.
        var opensAt = 0.5
        /// Highest failure rate of the probes at which the breaker closes, 0 to 1.
        var closesAt = 0.2
        /// Number of probes per round while half-open.
        var probes = 3
        /// How long the breaker stays open: base for the first time, and maximum.
        var pause = Backoff(base: .seconds(5), cap: .seconds(60))
    }

    /// Permission for one call. The holder must return it with the outcome.
    struct Permit: Sendable, Equatable {
        fileprivate let generation: UInt64
        fileprivate let account: String
    }

    /// The outcome of a permitted call.
    enum Outcome: Sendable {
        case succeeded
        /// The call counts against the recipient.
        case failed
        /// The recipient was not called.
        case unused
    }

    private enum Phase: Sendable {
        case closed
        case open(until: NIODeadline)
        case halfOpen(Round)
    }

    private let settings: Settings
    private var phase = Phase.closed
    /// Number of the current phase. Permits of an earlier phase are ignored when they are returned.
    private var generation: UInt64 = 0
    private var calls: CallWindow
    /// The account with the most failures when the breaker last opened.
    private var suspect: String?
    /// Whether the suspect was the only account that called before the breaker last opened.
    private var isSuspectAlone = false
    /// Number of openings in a row.
    private var openings = 0
    private var closedAt: NIODeadline?
    /// Number of permits that have not been returned.
    private var outstanding = 0

    init(_ settings: Settings) {
        self.settings = settings
        calls = CallWindow(settings.window)
    }

    var state: BreakerState {
        switch phase {
        case .closed: .closed
        case .open: .open
        case .halfOpen: .halfOpen
        }
    }

    /// When probes are permitted; nil unless the breaker is open.
    var reopening: NIODeadline? { if case .open(let until) = phase { until } else { nil } }

    /// Whether the breaker has no state worth keeping: it is closed, without recent calls and without outstanding permits.
    func isForgettable(now: NIODeadline) -> Bool {
        guard case .closed = phase, outstanding == 0 else { return false }
        return calls.isEmpty(now) && closedAt.map { now - $0 >= settings.window } ?? true
    }

    /// A permit to call now; nil if no call is permitted.
    /// - Parameter account: the calling platform or node; the same for all calls where accounts are not distinguished.
    mutating func permit(of account: String = "", now: NIODeadline) -> Permit? {
        let isSuspect = account == suspect
        switch phase {
        case .closed: break
        case .open(let until):
            guard now >= until || (isSuspectAlone && !isSuspect) else { return nil }
            var round = Round(suspectPausedUntil: until)
            round.begin(isSuspect: isSuspect)
            enter(.halfOpen(round))
        case .halfOpen(var round):
            guard round.permits(isSuspect: isSuspect, of: settings.probes, now: now) else { return nil }
            round.begin(isSuspect: isSuspect)
            phase = .halfOpen(round)
        }
        outstanding += 1
        return Permit(generation: generation, account: account)
    }

    /// Returns a permit with the outcome of the call.
    /// - Parameter jitter: from -1 to 1.
    mutating func give(back permit: Permit, _ outcome: Outcome, now: NIODeadline, jitter: Double) {
        outstanding -= 1
        guard permit.generation == generation else { return }
        switch phase {
        case .closed:
            guard outcome != .unused else { return }
            calls.add(failed: outcome == .failed, of: permit.account, now)
            if outcome == .failed { evaluate(now: now, jitter: jitter) }
        case .open: break
        case .halfOpen(var round):
            let isSuspect = permit.account == suspect
            round.end(outcome, isSuspect: isSuspect)
            if isSuspect, outcome == .failed, round.hasOthers {
                round.suspect.failed = 0
                round.suspectPausedUntil = now + settings.pause.delay(failures: openings, jitter: jitter)
            }
            evaluate(round, last: permit.account, now: now, jitter: jitter)
        }
    }

    private func exceedsLimit(_ counts: Counts) -> Bool { Double(counts.failed) >= settings.opensAt * Double(counts.total) }

    /// Opens the breaker if the calls of the window require it.
    private mutating func evaluate(now: NIODeadline, jitter: Double) {
        let all = calls.all
        guard all.total >= settings.minimumCalls, exceedsLimit(all), let (account, others) = calls.worst() else { return }
        let isAlone = others.total == 0
        let isProven = others.total >= settings.minimumOfOthers ? exceedsLimit(others) : isAlone || all.failed == all.total
        if isProven { open(against: account, isAlone: isAlone, now: now, jitter: jitter) }
    }

    /// Ends the round of probes if its result is decided.
    private mutating func evaluate(_ round: Round, last account: String, now: NIODeadline, jitter: Double) {
        let probes = Double(settings.probes)
        let succeeded = round.suspect.succeeded + round.others.succeeded
        let failed = round.suspect.failed + round.others.failed
        if failed > 0, Double(failed) >= settings.opensAt * probes {
            open(against: account, isAlone: !round.hasOthers, now: now, jitter: jitter)
        } else if succeeded + failed < settings.probes {
            phase = .halfOpen(round)
        } else if Double(failed) <= settings.closesAt * probes {
            closedAt = now
            calls = CallWindow(settings.window)
            enter(.closed)
        } else {
            // The result lies in the dead band: another round.
            phase = .halfOpen(round.next)
        }
    }

    private mutating func open(against account: String, isAlone: Bool, now: NIODeadline, jitter: Double) {
        let isRelapse = if case .halfOpen = phase { true } else { closedAt.map { now - $0 < settings.window } ?? false }
        openings = isRelapse ? min(openings + 1, 64) : 1
        suspect = account
        isSuspectAlone = isAlone
        enter(.open(until: now + settings.pause.delay(failures: openings, jitter: jitter)))
    }

    private mutating func enter(_ phase: Phase) {
        self.phase = phase
        generation &+= 1
    }
}

/// The probes of a half-open breaker, those of the suspect separate from those of others.
private struct Round: Sendable {
    struct Probes: Sendable {
        var underWay = 0
        var succeeded = 0
        var failed = 0

        var made: Int { underWay + succeeded + failed }

        mutating func end(_ outcome: Breaker.Outcome) {
            underWay -= 1
            switch outcome {
            case .succeeded: succeeded += 1
            case .failed: failed += 1
            case .unused: break
            }
        }
    }

    /// Failures of the suspect are dropped while other accounts have probes.
    var suspect = Probes()
    var others = Probes()
    /// The suspect gets no probe before this time.
    var suspectPausedUntil: NIODeadline

    /// Whether accounts other than the suspect have probes.
    var hasOthers: Bool { others.made > 0 }

    /// The next round, which includes the probes that are still running.
    var next: Round {
        var next = Round(suspectPausedUntil: suspectPausedUntil)
        next.suspect.underWay = suspect.underWay
        next.others.underWay = others.underWay
        return next
    }

    func permits(isSuspect: Bool, of probes: Int, now: NIODeadline) -> Bool {
        guard isSuspect else { return others.made < probes }
        return now >= suspectPausedUntil && suspect.made + others.made < probes && (!hasOthers || suspect.underWay == 0)
    }

    mutating func begin(isSuspect: Bool) {
        if isSuspect {
            suspect.underWay += 1
        } else {
            others.underWay += 1
            suspect.failed = 0
        }
    }

    mutating func end(_ outcome: Breaker.Outcome, isSuspect: Bool) {
        if isSuspect { suspect.end(outcome) } else { others.end(outcome) }
    }
}

/// A number of calls and the number of failures among them.
private struct Counts: Sendable {
    var total = 0
    var failed = 0

    mutating func add(_ other: Counts) {
        total += other.total
        failed += other.failed
    }

    mutating func remove(_ other: Counts) {
        total -= other.total
        failed -= other.failed
    }
}

/// The calls of the window in ten slices, which expire one by one. Sums are kept, so that adding a call takes constant time.
private struct CallWindow: Sendable {
    private struct Slice: Sendable {
        let number: UInt64
        var byAccount: [String: Counts] = [:]
    }

    private static let count: UInt64 = 10
    private let sliceLength: UInt64
    /// Oldest first.
    private var slices: [Slice] = []
    /// The sum of all slices, as of the last call.
    private(set) var all = Counts()
    private var byAccount: [String: Counts] = [:]

    init(_ window: TimeAmount) {
        sliceLength = max(1, UInt64(max(0, window.nanoseconds)) / Self.count)
    }

    mutating func add(failed: Bool, of account: String, _ now: NIODeadline) {
        // Threads may get here in a different order than they read the clock.
        let number = max(now.uptimeNanoseconds / sliceLength, slices.last?.number ?? 0)
        while let oldest = slices.first, oldest.number + Self.count <= number {
            forget(oldest)
            slices.removeFirst()
        }
        if slices.last?.number != number { slices.append(Slice(number: number)) }
        let call = Counts(total: 1, failed: failed ? 1 : 0)
        slices[slices.count - 1].byAccount[account, default: Counts()].add(call)
        byAccount[account, default: Counts()].add(call)
        all.add(call)
    }

    /// Whether all calls are older than the window.
    func isEmpty(_ now: NIODeadline) -> Bool {
        slices.last.map { $0.number + Self.count <= now.uptimeNanoseconds / sliceLength } ?? true
    }

    /// The account with the most failures, and the calls of all other accounts.
    func worst() -> (account: String, others: Counts)? {
        let worst = byAccount.max { ($0.value.failed, $1.value.total) < ($1.value.failed, $0.value.total) }
        guard let worst else { return nil }
        var others = all
        others.remove(worst.value)
        return (worst.key, others)
    }

    private mutating func forget(_ slice: Slice) {
        for (account, counts) in slice.byAccount {
            all.remove(counts)
            byAccount[account]?.remove(counts)
            if byAccount[account]?.total == 0 { byAccount[account] = nil }
        }
    }
}
