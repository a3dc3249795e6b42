import NIOCore

/// So many per second: a token bucket that says to whom it has nothing for when to come again. A value without clock or lock.
struct TokenBucket: Sendable {
    /// From one token to the next.
    private let interval: TimeAmount
    /// What a full bucket holds, as the time in which it fills: a tenth of a second's ration, at least one token.
    private let depth: TimeAmount
    /// When the bucket is full again.
    private var full = NIODeadline.uptimeNanoseconds(0)
    /// When the last one of those who were turned away comes again.
    private var line = NIODeadline.uptimeNanoseconds(0)

    /// Whoever stands further back in the line asks again in between.
    private static let maximumWait = TimeAmount.seconds(60)

    /// - Parameter perSecond: at least 1.
    init(perSecond: Int) {
        let perSecond = Int64(max(1, min(perSecond, 1_000_000_000)))
        interval = .nanoseconds(1_000_000_000 / perSecond)
        depth = max(interval, .milliseconds(100))
    }

    /// Takes one.
    /// - Returns: nil if there was one, else when to come again. Those who are turned away come again one by one, as fast as tokens are
    ///   made; nothing is kept for them.
    mutating func take(now: NIODeadline) -> NIODeadline? {
        let after = max(full, now) + interval
        guard after - now > depth else {
            full = after
            return nil
        }
        line = min(max(line, now) + interval, now + Self.maximumWait)
        return line
    }
}
