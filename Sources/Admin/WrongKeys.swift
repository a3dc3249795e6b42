import NIOCore
import Synchronization

/// Wrong keys, by the address they came from: each makes the answer to the next one from there slower, up to a limit. Bounded: of many
/// addresses the one that was quiet for longest is forgotten. Thread-safe.
final class WrongKeys: Sendable {
    /// How it grows.
    struct Limits: Sendable {
        /// For the first one.
        var first = Duration.milliseconds(100)
        /// For any.
        var longest = Duration.seconds(10)
        /// An address is forgotten when it was quiet for this long.
        var memory = TimeAmount.minutes(10)
        /// Addresses that are remembered.
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

    /// One more came from this address.
    /// - Returns: how many came from there, and how long its answer is to be held back.
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
