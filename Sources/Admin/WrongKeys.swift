import NIOCore
import Synchronization

/// Counts wrong keys by client address: each delays the answer to the next one from there longer, up to a limit. The number of addresses is
/// bounded; the one that was inactive for longest is removed. Thread-safe.
final class WrongKeys: Sendable {
    /// The delays and bounds.
    struct Limits: Sendable {
        /// Delay of the first answer.
        var first = Duration.milliseconds(100)
        /// Maximum delay.
        var longest = Duration.seconds(10)
        /// An address is removed after this time without a wrong key.
        var memory = TimeAmount.minutes(10)
        /// Maximum number of addresses.
        var addresses = 1024
    }

    private struct Entry {
        var count = 0
        var last: NIODeadline
    }

    private let limits: Limits
    private let entries = Mutex<[String: Entry]>([:])

    init(_ limits: Limits = Limits()) {
        self.limits = limits
    }

    /// Counts another wrong key from this address.
    /// - Returns: the number of wrong keys from there, and the delay of its answer.
    func note(_ address: String, now: NIODeadline) -> (count: Int, delay: Duration) {
        let count = entries.withLock { entries in
            if let entry = entries[address], now - entry.last > limits.memory { entries[address] = nil }
            if entries[address] == nil, entries.count >= limits.addresses,
                let oldest = entries.min(by: { $0.value.last < $1.value.last })?.key
            {
                entries[oldest] = nil
            }
            entries[address, default: Entry(last: now)].last = now
            entries[address]?.count += 1
            return entries[address]?.count ?? 1
        }
        return (count, min(limits.longest, limits.first * (1 << min(count - 1, 16))))
    }
}
