import DequeModule
package import NIOCore

/// What is known of the requests of the last minutes, for those that come again. A value without lock or clock.
///
/// Bounded in number and bytes, all together and of each account, the platform or node that sends: one that sends much does not drive out
/// what others may ask for, however many parties it sends for. Where an account has too much its oldest go; where all together have too much,
/// the oldest of the account that has most. What another worker knows is not known here.
package struct RecentRequests<Memory: Sendable>: Sendable {
    /// How much is kept, and for how long.
    package struct Limits: Sendable {
        /// Requests.
        package var requests: Int
        /// Bytes of what is known of them.
        package var bytes: Int
        /// How long each is kept.
        package var window: TimeAmount
        /// An account has one in so many of the requests and bytes.
        package var perAccount: Int

        /// - Parameters: as the properties say.
        package init(requests: Int, bytes: Int = .max, window: TimeAmount, perAccount: Int) {
            self.requests = requests
            self.bytes = bytes
            self.window = window
            self.perAccount = max(1, perAccount)
        }
    }

    /// Of one account.
    private struct Share {
        /// Oldest first.
        var keys: Deque<RepeatKey> = []
        /// Of the first key; later ones have higher numbers.
        var oldest: UInt64 = 0
        var bytes = 0
    }

    private struct Entry {
        let memory: Memory
        let bytes: Int
        let account: String
        let number: UInt64
    }

    private typealias Place = (key: RepeatKey, expires: NIODeadline, number: UInt64)

    private let limits: Limits
    private var entries: [RepeatKey: Entry] = [:]
    private var shares: [String: Share] = [:]
    /// Oldest first, and some that had to make room.
    private var order: Deque<Place> = []
    private var lastNumber: UInt64 = 0
    /// Bytes of what is known, about.
    package private(set) var bytes = 0

    /// Knows nothing yet.
    package init(_ limits: Limits) {
        self.limits = limits
    }

    /// Requests that are known.
    package var count: Int { entries.count }

    /// What is kept to know the order, for requests that are known and some that are not any more.
    package var ordered: Int { order.count }

    /// What is known of the request of this key; nil for none.
    package mutating func memory(of key: RepeatKey, now: NIODeadline) -> Memory? {
        expire(now)
        return entries[key]?.memory
    }

    /// Nothing changes for a key that is known, nor if it is more than one account may have.
    /// - Parameters:
    ///   - bytes: what it holds in memory, about.
    ///   - account: the platform or node that sent the request.
    package mutating func remember(_ memory: Memory, bytes: Int, of account: String, as key: RepeatKey, now: NIODeadline) {
        expire(now)
        guard entries[key] == nil, bytes <= limits.bytes / limits.perAccount else { return }
        lastNumber += 1
        let number = lastNumber
        entries[key] = Entry(memory: memory, bytes: bytes, account: account, number: number)
        order.append((key, now + limits.window, number))
        shares[account, default: Share(oldest: number)].keys.append(key)
        shares[account]?.bytes += bytes
        self.bytes += bytes
        while hasTooMuch(account) { dropOldest(of: account) }
        while let largest = largestShare() { dropOldest(of: largest) }
        // What had to make room stays behind in the order. Dropped when it is the larger part, so that it stays bounded.
        if order.count > 2 * count + 1024 { order = Deque(order.filter(isKnown)) }
    }

    private func hasTooMuch(_ account: String) -> Bool {
        guard let share = shares[account] else { return false }
        return share.keys.count > max(1, limits.requests / limits.perAccount) || share.bytes > limits.bytes / limits.perAccount
    }

    /// Who has most of what all together have too much of, of several the one whose oldest is older; nil if it is not too much. There are no
    /// more accounts than platforms and nodes.
    private func largestShare() -> String? {
        if bytes > limits.bytes { return largestShare { $0.bytes } }
        return count > limits.requests ? largestShare { $0.keys.count } : nil
    }

    private func largestShare(by size: (Share) -> Int) -> String? {
        shares.max { (size($0.value), $1.value.oldest) < (size($1.value), $0.value.oldest) }?.key
    }

    private mutating func expire(_ now: NIODeadline) {
        while let oldest = order.first, oldest.expires <= now {
            order.removeFirst()
            if isKnown(oldest), let entry = entries[oldest.key] { dropOldest(of: entry.account) }
        }
    }

    private func isKnown(_ place: Place) -> Bool { entries[place.key]?.number == place.number }

    /// What is known longest of all is what is known longest of its account.
    private mutating func dropOldest(of account: String) {
        guard let key = shares[account]?.keys.popFirst(), let entry = entries.removeValue(forKey: key) else { return }
        shares[account]?.bytes -= entry.bytes
        if let next = shares[account]?.keys.first, let oldest = entries[next]?.number {
            shares[account]?.oldest = oldest
        } else {
            shares[account] = nil
        }
        bytes -= entry.bytes
    }
}
