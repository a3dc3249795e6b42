import Directory
import NIOCore

/// Whether one recipient is called: not while most calls to it fail. A value without clock or lock.
///
/// Closed, it counts the calls of the last `window`; when enough were made and too large a part failed it opens. Open, it permits none.
/// After a pause it is half-open and permits a round of a few probes: nearly all must succeed to close it, too many failures open it for
/// longer, and anything in between (the dead band) is asked again. One that opens soon after it has closed stays open longer than before.
///
/// One account (platform or node) may ask for what nobody could answer, so its failures alone prove little. The suspect is the account that
/// most of the failures were of when it opened. It does not open if too large a part failed only with the suspect's calls. If nobody else
/// was called, others get probes at once instead of waiting for the pause. While others have probes the suspect takes none of theirs and has
/// one at a time; if that fails, only the suspect pauses.
struct Breaker: Sendable {
    struct Settings: Sendable {
        /// How far back calls count.
        var window = TimeAmount.seconds(30)
        /// Calls within the window before it may open.
        var minimumCalls = 20
        /// Calls of others than the suspect before the part of them that failed says anything. With fewer it opens only if none was answered.
        var minimumOfOthers = 4
        /// Part of the calls that must fail for it to open.
        var opensAt = 0.5
        /// Part of the probes that may fail when it closes.
        var closesAt = 0.2
        /// Calls of a round while it is half-open.
        var probes = 3
        /// How long it stays open: the first time, and at most.
        var pause = Backoff(base: .seconds(5), cap: .seconds(60))
    }

    /// The right to call once. Whoever got one must give it back with what came of it.
    struct Permit: Sendable, Equatable {
        fileprivate let era: UInt64
        fileprivate let account: String
    }

    /// What came of a permit.
    enum Outcome: Sendable {
        case succeeded
        /// It counts against the recipient.
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
    /// One per phase: what comes back from an earlier one says nothing about this one.
    private var era: UInt64 = 0
    private var calls: CallWindow
    /// The account that most of the failures were of when it opened last.
    private var suspect: String?
    /// Nobody but the suspect was called when it opened last.
    private var isSuspectAlone = false
    /// Openings in a row.
    private var openings = 0
    private var closedAt: NIODeadline?
    /// Permits that have not come back.
    private var lent = 0

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

    /// When a probe is permitted; nil unless it is open.
    var reopening: NIODeadline? { if case .open(let until) = phase { until } else { nil } }

    /// Whether it knows nothing that matters any more, and nobody will give it anything back.
    func isForgettable(now: NIODeadline) -> Bool {
        guard case .closed = phase, lent == 0 else { return false }
        return calls.isEmpty(now) && closedAt.map { now - $0 >= settings.window } ?? true
    }

    /// The right to call now; nil if there is none.
    /// - Parameter account: for whom; the same for all where that does not matter.
    mutating func permit(of account: String = "", now: NIODeadline) -> Permit? {
        let isSuspect = account == suspect
        switch phase {
        case .closed: break
        case .open(let until):
            guard now >= until || (isSuspectAlone && !isSuspect) else { return nil }
            var round = Round(barredUntil: until)
            round.begin(isSuspect: isSuspect)
            enter(.halfOpen(round))
        case .halfOpen(var round):
            guard round.permits(isSuspect: isSuspect, of: settings.probes, now: now) else { return nil }
            round.begin(isSuspect: isSuspect)
            phase = .halfOpen(round)
        }
        lent += 1
        return Permit(era: era, account: account)
    }

    /// A permit comes back.
    /// - Parameter jitter: from -1 to 1.
    mutating func give(back permit: Permit, _ outcome: Outcome, now: NIODeadline, jitter: Double) {
        lent -= 1
        guard permit.era == era else { return }
        switch phase {
        case .closed:
            guard outcome != .unused else { return }
            calls.add(failed: outcome == .failed, of: permit.account, now)
            if outcome == .failed { judge(now: now, jitter: jitter) }
        case .open: break
        case .halfOpen(var round):
            let isSuspect = permit.account == suspect
            round.end(outcome, isSuspect: isSuspect)
            if isSuspect, outcome == .failed, round.isContested {
                round.suspect.failed = 0
                round.barredUntil = now + settings.pause.delay(failures: openings, jitter: jitter)
            }
            judge(round, last: permit.account, now: now, jitter: jitter)
        }
    }

    private func isTooMuch(_ counts: Counts) -> Bool { Double(counts.failed) >= settings.opensAt * Double(counts.total) }

    /// Of the calls of the window.
    private mutating func judge(now: NIODeadline, jitter: Double) {
        let all = calls.all
        guard all.total >= settings.minimumCalls, isTooMuch(all), let (account, others) = calls.worst() else { return }
        let isAlone = others.total == 0
        let isProven = others.total >= settings.minimumOfOthers ? isTooMuch(others) : isAlone || all.failed == all.total
        if isProven { open(against: account, isAlone: isAlone, now: now, jitter: jitter) }
    }

    /// Of the probes of a round.
    private mutating func judge(_ round: Round, last account: String, now: NIODeadline, jitter: Double) {
        let probes = Double(settings.probes)
        let succeeded = round.suspect.succeeded + round.others.succeeded
        let failed = round.suspect.failed + round.others.failed
        if failed > 0, Double(failed) >= settings.opensAt * probes {
            open(against: account, isAlone: !round.isContested, now: now, jitter: jitter)
        } else if succeeded + failed < settings.probes {
            phase = .halfOpen(round)
        } else if Double(failed) <= settings.closesAt * probes {
            closedAt = now
            calls = CallWindow(settings.window)
            enter(.closed)
        } else {
            // Neither back nor gone: another round.
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
        era &+= 1
    }
}

/// The probes of one half-open breaker, the suspect's beside those of others.
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

    /// While others have probes none that failed is kept.
    var suspect = Probes()
    var others = Probes()
    /// When the suspect may ask again.
    var barredUntil: NIODeadline

    /// Others than the suspect ask as well.
    var isContested: Bool { others.made > 0 }

    /// What is under way counts for the next round.
    var next: Round {
        var next = Round(barredUntil: barredUntil)
        next.suspect.underWay = suspect.underWay
        next.others.underWay = others.underWay
        return next
    }

    func permits(isSuspect: Bool, of probes: Int, now: NIODeadline) -> Bool {
        guard isSuspect else { return others.made < probes }
        return now >= barredUntil && suspect.made + others.made < probes && (!isContested || suspect.underWay == 0)
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

/// Calls, and how many of them failed.
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

/// Calls of the last while, in ten slices that age one by one. Sums are kept, so that a call costs the same however many there were.
private struct CallWindow: Sendable {
    private struct Slice: Sendable {
        let number: UInt64
        var byAccount: [String: Counts] = [:]
    }

    private static let count: UInt64 = 10
    private let sliceLength: UInt64
    /// The oldest first.
    private var slices: [Slice] = []
    /// Of all slices, as of the last call.
    private(set) var all = Counts()
    private var byAccount: [String: Counts] = [:]

    init(_ window: TimeAmount) {
        sliceLength = max(1, UInt64(max(0, window.nanoseconds)) / Self.count)
    }

    mutating func add(failed: Bool, of account: String, _ now: NIODeadline) {
        // Threads may come in another order than they looked at the clock.
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

    /// Whether every call is too long ago.
    func isEmpty(_ now: NIODeadline) -> Bool {
        slices.last.map { $0.number + Self.count <= now.uptimeNanoseconds / sliceLength } ?? true
    }

    /// The account that most of the failures are of, and the calls of the others.
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
