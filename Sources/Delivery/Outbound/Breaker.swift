import Directory
import NIOCore

/// Whether one recipient is called: not while most calls to it fail. A value without clock or lock.
///
/// Closed, it counts the calls of the last `window`; when enough were made and too large a part failed it opens, unless that holds only with
/// the calls of the one account (platform or node) that most of the failures are of: it may ask for what nobody could answer. Open, it permits none.
/// After a pause it is half-open and permits a round of a few probes: nearly all must succeed to close it, too many failures open it for
/// longer, and anything in between (the dead band) is asked again. One that opens soon after it has closed stays open longer than before.
struct Breaker: Sendable {
    struct Settings: Sendable {
        /// How far back calls count.
        var window = TimeAmount.seconds(30)
        /// Calls within the window before it may open.
        var minimumCalls = 20
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
        case halfOpen(underWay: Int, succeeded: Int, failed: Int)
    }

    private let settings: Settings
    private var phase = Phase.closed
    /// One per phase: what comes back from an earlier one says nothing about this one.
    private var era: UInt64 = 0
    private var calls: CallWindow
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
        return calls.counts(now).total == 0 && closedAt.map { now - $0 >= settings.window } ?? true
    }

    /// The right to call now; nil if there is none.
    mutating func permit(now: NIODeadline) -> Permit? {
        switch phase {
        case .closed: break
        case .open(let until):
            guard now >= until else { return nil }
            enter(.halfOpen(underWay: 1, succeeded: 0, failed: 0))
        case .halfOpen(let underWay, let succeeded, let failed):
            guard underWay + succeeded + failed < settings.probes else { return nil }
            phase = .halfOpen(underWay: underWay + 1, succeeded: succeeded, failed: failed)
        }
        lent += 1
        return Permit(era: era)
    }

    /// A permit comes back.
    /// - Parameters:
    ///   - account: for whom it was called; the same for all where that does not matter.
    ///   - jitter: from -1 to 1.
    mutating func give(back permit: Permit, _ outcome: Outcome, of account: String = "", now: NIODeadline, jitter: Double) {
        lent -= 1
        guard permit.era == era else { return }
        switch phase {
        case .closed:
            guard outcome != .unused else { return }
            calls.add(failed: outcome == .failed, of: account, now)
            let counts = calls.counts(now)
            if counts.total >= settings.minimumCalls, isTooMuch(counts), isTooMuch(calls.countsOfOthers(now)) {
                open(now: now, jitter: jitter)
            }
        case .open: break
        case .halfOpen(let underWay, let succeeded, let failed):
            judge(
                underWay: underWay - 1, succeeded: succeeded + (outcome == .succeeded ? 1 : 0),
                failed: failed + (outcome == .failed ? 1 : 0),
                now: now, jitter: jitter)
        }
    }

    private func isTooMuch(_ counts: Counts) -> Bool { Double(counts.failed) >= settings.opensAt * Double(counts.total) }

    private mutating func judge(underWay: Int, succeeded: Int, failed: Int, now: NIODeadline, jitter: Double) {
        let probes = Double(settings.probes)
        if failed > 0, Double(failed) >= settings.opensAt * probes {
            open(now: now, jitter: jitter)
        } else if succeeded + failed < settings.probes {
            phase = .halfOpen(underWay: underWay, succeeded: succeeded, failed: failed)
        } else if Double(failed) <= settings.closesAt * probes {
            closedAt = now
            calls = CallWindow(settings.window)
            enter(.closed)
        } else {
            // Neither back nor gone: another round.
            phase = .halfOpen(underWay: underWay, succeeded: 0, failed: 0)
        }
    }

    private mutating func open(now: NIODeadline, jitter: Double) {
        let isRelapse = if case .halfOpen = phase { true } else { closedAt.map { now - $0 < settings.window } ?? false }
        openings = isRelapse ? min(openings + 1, 64) : 1
        enter(.open(until: now + settings.pause.delay(failures: openings, jitter: jitter)))
    }

    private mutating func enter(_ phase: Phase) {
        self.phase = phase
        era &+= 1
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
}

/// Calls of the last while, in ten slices that age one by one.
private struct CallWindow: Sendable {
    private struct Slice: Sendable {
        var number: UInt64 = 0
        var counts = Counts()
        var byAccount: [String: Counts] = [:]
    }

    private static let count: UInt64 = 10
    private let sliceLength: UInt64
    private var slices: [Slice] = []

    init(_ window: TimeAmount) {
        sliceLength = max(1, UInt64(max(0, window.nanoseconds)) / Self.count)
    }

    mutating func add(failed: Bool, of account: String, _ now: NIODeadline) {
        // Threads may come in another order than they looked at the clock.
        let number = max(now.uptimeNanoseconds / sliceLength, slices.last?.number ?? 0)
        if slices.last?.number != number {
            slices.removeAll { $0.number + Self.count <= number }
            slices.append(Slice(number: number))
        }
        let last = slices.count - 1
        let call = Counts(total: 1, failed: failed ? 1 : 0)
        slices[last].counts.add(call)
        slices[last].byAccount[account, default: Counts()].add(call)
    }

    func counts(_ now: NIODeadline) -> Counts {
        recent(now).reduce(into: Counts()) { $0.add($1.counts) }
    }

    /// Without the account that most of the failures are of; all if nobody else calls.
    func countsOfOthers(_ now: NIODeadline) -> Counts {
        var counts = counts(now)
        var byAccount: [String: Counts] = [:]
        for slice in recent(now) {
            for (account, calls) in slice.byAccount { byAccount[account, default: Counts()].add(calls) }
        }
        guard byAccount.count > 1, let most = byAccount.values.max(by: { ($0.failed, $1.total) < ($1.failed, $0.total) }) else {
            return counts
        }
        counts.total -= most.total
        counts.failed -= most.failed
        return counts
    }

    private func recent(_ now: NIODeadline) -> some Sequence<Slice> {
        let number = now.uptimeNanoseconds / sliceLength
        return slices.lazy.filter { $0.number + Self.count > number }
    }
}
