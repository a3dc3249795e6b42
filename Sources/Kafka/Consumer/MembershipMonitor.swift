/// Whether a member is in its group, and whether it has been out for so long that its client must be replaced: librdkafka can wait minutes
/// for the answer to a lost request. A value; the caller passes the time.
struct MembershipMonitor {
    /// The end of a time out of the group.
    struct Return: Equatable {
        let out: Duration
        /// The number of fresh clients that were needed.
        let renewals: Int
    }

    private let limit: Duration
    private var outSince: ContinuousClock.Instant?
    private var renewAt: ContinuousClock.Instant
    private var pause: Duration
    private var renewals = 0

    /// The longest pause between two fresh clients.
    private static let longestPause = Duration.seconds(300)

    /// - Parameters:
    ///   - limit: how long the member may be out before the first fresh client.
    ///   - now: when it began to join.
    init(after limit: Duration, from now: ContinuousClock.Instant) {
        self.limit = limit
        pause = limit
        outSince = now
        renewAt = now + limit
    }

    /// Notes that the member lost or returned its partitions, and joins again.
    mutating func left(at now: ContinuousClock.Instant) {
        guard outSince == nil else { return }
        outSince = now
        renewAt = now + limit
    }

    /// Notes that the member was assigned its partitions.
    /// - Returns: the time out of the group, if it is worth a log line; nil for an ordinary join.
    mutating func joined(at now: ContinuousClock.Instant) -> Return? {
        let end = renewals > 0 ? outSince.map { Return(out: now - $0, renewals: renewals) } : nil
        (outSince, renewals, pause) = (nil, 0, limit)
        return end
    }

    /// Whether the client must be replaced now; the next replacement is due later.
    /// - Returns: how long the member has been out; nil if no replacement is due.
    mutating func mustRenew(at now: ContinuousClock.Instant) -> Duration? {
        guard let outSince, now >= renewAt else { return nil }
        renewals += 1
        pause = min(pause * 2, max(Self.longestPause, limit))
        renewAt = now + pause
        return now - outSince
    }

    /// Whether the last fresh client was the first in this time out of the group.
    var isFirstRenewal: Bool { renewals == 1 }
}
