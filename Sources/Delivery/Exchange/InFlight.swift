import Directory
import NIOCore
import OCPI

/// What EXCHANGE has under way, per recipient and in total, in calls and in bytes, and which recipients are left alone. A value without
/// clock or lock.
///
/// A recipient that is slow fills its own share and nobody else's; what does not fit is refused at once, never queued. One that does not
/// answer is not called for a while (see ``Breaker``). Only what has a place asks whether it may call: a repeat that waits for another
/// request's answer has a place and makes no call.
///
/// Recipients with nothing under way are forgotten with what their breakers know. They are looked through when their number has grown by
/// a part of itself, so a call costs the same however many there are.
struct InFlight: Sendable {
    struct Load: Sendable, Equatable {
        var calls = 0
        var bytes = 0

        func fits(_ bytes: Int, in limit: Load) -> Bool { calls < limit.calls && bytes <= limit.bytes - self.bytes }
    }

    /// What a recipient's breaker did.
    enum Turn: Sendable, Equatable {
        case opened
        case closed
    }

    private struct Share {
        var load = Load()
        var breaker: Breaker
        /// When somebody wanted something of the recipient last.
        var wanted: NIODeadline
    }

    private let perRecipient: Load
    private let inTotal: Load
    private let settings: Breaker.Settings
    /// How many recipients are remembered at most that have nothing under way.
    private let idleLimit: Int
    private var shares: [PartyID: Share] = [:]
    private var lookAt = Self.fewest
    private(set) var total = Load()
    /// Recipients whose breaker is not closed.
    private(set) var unanswering = 0

    private static let fewest = 64
    /// A recipient that nobody has wanted anything of for so long is forgotten, whether it was back or not.
    private static let silence = TimeAmount.minutes(10)

    init(perRecipient: Load, inTotal: Load, breaker: Breaker.Settings = Breaker.Settings(), idleLimit: Int = 10_000) {
        self.perRecipient = perRecipient
        self.inTotal = inTotal
        settings = breaker
        self.idleLimit = idleLimit
    }

    /// Recipients that are remembered.
    var recipients: Int { shares.count }

    /// Whether there is a place; then ``leave(_:bytes:_:_:now:jitter:)`` must follow with the same figures.
    mutating func enter(_ recipient: PartyID, bytes: Int, now: NIODeadline) -> Bool {
        var share = shares[recipient] ?? Share(breaker: Breaker(settings), wanted: now)
        guard total.fits(bytes, in: inTotal), share.load.fits(bytes, in: perRecipient) else { return false }
        if shares[recipient] == nil { forget(now) }
        share.load.calls += 1
        share.load.bytes += bytes
        share.wanted = now
        shares[recipient] = share
        total.calls += 1
        total.bytes += bytes
        return true
    }

    /// The right to call a recipient, for what has entered; given back on leaving. Nil while it is left alone.
    mutating func permit(_ recipient: PartyID, now: NIODeadline) -> Breaker.Permit? {
        shares[recipient]?.breaker.permit(now: now)
    }

    /// - Parameters:
    ///   - permit: nil if there was none.
    ///   - jitter: from -1 to 1.
    /// - Returns: what the recipient's breaker did, if that is news.
    mutating func leave(
        _ recipient: PartyID, bytes: Int, _ permit: Breaker.Permit?, _ outcome: Breaker.Outcome, now: NIODeadline, jitter: Double
    ) -> Turn? {
        guard let before = shares[recipient]?.breaker.state else { return nil }
        shares[recipient]?.load.calls -= 1
        shares[recipient]?.load.bytes -= bytes
        total.calls -= 1
        total.bytes -= bytes
        guard let permit else { return nil }
        shares[recipient]?.breaker.give(back: permit, outcome, now: now, jitter: jitter)
        switch (before, shares[recipient]?.breaker.state) {
        case (.closed, .open):
            unanswering += 1
            return .opened
        case (.halfOpen, .closed):
            unanswering -= 1
            return .closed
        default: return nil
        }
    }

    /// Before another recipient comes.
    private mutating func forget(_ now: NIODeadline) {
        guard shares.count >= lookAt else { return }
        drop { $0.breaker.isForgettable(now: now) || now - $0.wanted >= Self.silence }
        // So many at once: rather a healthy one counts anew than that their number grows.
        if shares.count >= idleLimit { drop { $0.breaker.state == .closed } }
        if shares.count >= idleLimit { drop { _ in true } }
        lookAt = max(Self.fewest, min(2 * shares.count, idleLimit), shares.count + shares.count / 4 + 1)
    }

    private mutating func drop(_ isSuperfluous: (Share) -> Bool) {
        shares = shares.filter { $0.value.load.calls > 0 || !isSuperfluous($0.value) }
        unanswering = shares.count { $0.value.breaker.state != .closed }
    }
}
