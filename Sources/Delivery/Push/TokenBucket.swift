import NIOCore

/// A token bucket that also returns when to try again. A value without clock or lock.
struct TokenBucket: Sendable {
    /// The time in which one token is added.
    private let interval: TimeAmount
    /// The time in which the empty bucket fills: 100 ms, or the time of one token if that is longer.
    private let depth: TimeAmount
    /// When the bucket is full again.
    private var full = NIODeadline.uptimeNanoseconds(0)
    /// When the last rejected caller may try again.
    private var nextAttempt = NIODeadline.uptimeNanoseconds(0)

    /// The longest wait that is returned. A caller that needs longer tries several times.
    private static let maximumWait = TimeAmount.seconds(60)

    /// - Parameter perSecond: tokens per second, at least 1.
    init(perSecond: Int) {
        let perSecond = Int64(max(1, min(perSecond, 1_000_000_000)))
        interval = .nanoseconds(1_000_000_000 / perSecond)
        depth = max(interval, .milliseconds(100))
    }

    /// Takes one token.
    /// - Returns: nil if there was one, else when to try again. Rejected callers get different times, one token apart; nothing is stored
    ///   per caller.
    mutating func take(now: NIODeadline) -> NIODeadline? {
        let after = max(full, now) + interval
        guard after - now > depth else {
            full = after
            return nil
        }
        nextAttempt = min(max(nextAttempt, now) + interval, now + Self.maximumWait)
        return nextAttempt
    }
}
