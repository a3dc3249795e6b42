import NIOCore

/// The delay before a failed record is tried again. It doubles from `base` to `cap`, with up to 20 % jitter either way so that key queues
/// do not retry at the same time.
struct Backoff: Sendable, Equatable {
    var base: TimeAmount
    var cap: TimeAmount

    private static let longest = TimeAmount.hours(24 * 366).nanoseconds

    /// - Parameters:
    /// - failures: number of failures in a row, at least 1.
    ///   - jitter: from -1 to 1.
    func delay(failures: Int, jitter: Double) -> TimeAmount {
        // Both values are limited to a year, so that nothing below can overflow.
        let cap = min(max(1, cap.nanoseconds), Self.longest)
        var delay = min(max(1, base.nanoseconds), cap)
        var doublings = max(0, failures - 1)
        while doublings > 0, delay < cap {
            delay = min(delay * 2, cap)
            doublings -= 1
        }
        return .nanoseconds(Int64(Double(delay) * (1 + 0.2 * min(1, max(-1, jitter)))))
    }
}
