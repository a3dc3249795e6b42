/// Whether a member is in its group, and when it has been out for so long that it needs a fresh client: librdkafka can wait minutes for the
/// answer to a request that nobody will answer any more. A value; the caller brings the time.
struct MembershipMonitor {
    /// How a time out of the group ended.
    struct Return: Equatable {
        let out: Duration
        /// How many fresh clients that took.
        let renewals: Int
    }

    private let limit: Duration
    private var outSince: ContinuousClock.Instant?
    private var renewAt: ContinuousClock.Instant
    private var pause: Duration
    private var renewals = 0

    /// The pause between two fresh clients doubles up to this.
    private static let longestPause = Duration.seconds(300)

    /// - Parameters:
    ///   - limit: how long it may be out before the first fresh client.
    ///   - now: when it began to join.
    init(after limit: Duration, from now: ContinuousClock.Instant) {
        self.limit = limit
        pause = limit
        outSince = now
        renewAt = now + limit
    }

    /// It has lost its share, or given it back, and joins again.
    mutating func left(at now: ContinuousClock.Instant) {
        guard outSince == nil else { return }
        outSince = now
        renewAt = now + limit
    }

    /// The group has given it its share.
    /// - Returns: what there is to tell; nil for a join like any other.
    mutating func joined(at now: ContinuousClock.Instant) -> Return? {
        let end = renewals > 0 ? outSince.map { Return(out: now - $0, renewals: renewals) } : nil
        (outSince, renewals, pause) = (nil, 0, limit)
        return end
    }

    /// Whether it is out and its client must be replaced now; the next time is further away.
    /// - Returns: how long it is out; nil if there is nothing to do.
    mutating func mustRenew(at now: ContinuousClock.Instant) -> Duration? {
        guard let outSince, now >= renewAt else { return nil }
        renewals += 1
        pause = min(pause * 2, max(Self.longestPause, limit))
        renewAt = now + pause
        return now - outSince
    }

    /// Whether the last fresh client was the first since it is out.
    var isFirstRenewal: Bool { renewals == 1 }
}
