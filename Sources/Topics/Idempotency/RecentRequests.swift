import DequeModule
package import NIOCore
import OCPI

/// Remembers the requests of the last minutes, for repeats. A value without lock or clock.
///
/// Number and bytes are bounded. An account, the platform or node that sends, may use all room that others leave. When the total is
/// exceeded, the largest accounts are cut down to one common size, and within each the largest senders, oldest requests first. So neither
/// an account with many requests, however many parties it sends for, nor one party within an account displaces the requests of others.
/// Requests of other workers are not known here.
package struct RecentRequests<Memory: Sendable>: Sendable {
    /// The limits of number, size and time.
    package struct Limits: Sendable {
        /// The most requests.
        package var requests: Int
        /// The most bytes of their memories.
        package var bytes: Int
        /// How long each request is remembered.
        package var window: TimeAmount
        /// The divisor that gives an account's share of the bytes; with more accounts than this the share is smaller. No single request may
        /// take more than a share.
        package var perAccount: Int

        /// - Parameter perAccount: at least 1; the other limits are taken as given.
        package init(requests: Int, bytes: Int = .max, window: TimeAmount, perAccount: Int) {
            self.requests = requests
            self.bytes = bytes
            self.window = window
            self.perAccount = max(1, perAccount)
        }
    }

    private struct Size {
        var requests = 0
        var bytes = 0

        static func += (size: inout Size, other: Size) {
            size.requests += other.requests
            size.bytes += other.bytes
        }

        static func -= (size: inout Size, other: Size) {
            size.requests -= other.requests
            size.bytes -= other.bytes
        }
    }

    /// The requests of one sender.
    private struct Queue {
        /// Oldest first.
        var keys: Deque<IdempotencyKey> = []
        var size = Size()
    }

    /// The requests of one account.
    private struct Share {
        var senders: [PartyID: Queue] = [:]
        var size = Size()
    }

    private struct Entry {
        let memory: Memory
        let size: Size
        let account: String
        let number: UInt64
    }

    private typealias Place = (key: IdempotencyKey, expires: NIODeadline, number: UInt64)

    private let limits: Limits
    private var entries: [IdempotencyKey: Entry] = [:]
    private var shares: [String: Share] = [:]
    /// All requests, oldest first, including some that were displaced.
    private var order: Deque<Place> = []
    private var lastNumber: UInt64 = 0
    private var total = Size()

    /// An empty memory.
    package init(_ limits: Limits) {
        self.limits = limits
    }

    /// The number of remembered requests.
    package var count: Int { total.requests }

    /// The approximate bytes of their memories.
    package var bytes: Int { total.bytes }

    /// The number of entries in the order, including requests that are no longer remembered.
    package var ordered: Int { order.count }

    /// The memory of the request with this key; nil for an unknown one.
    package mutating func memory(of key: IdempotencyKey, now: NIODeadline) -> Memory? {
        expire(now)
        return entries[key]?.memory
    }

    /// Remembers a request, unless its key is known or it exceeds an account's share.
    /// - Parameters:
    ///   - bytes: the approximate size of the memory.
    ///   - account: the platform or node that sent the request.
    /// - Returns: whether the request is remembered now. It is not if it is too large for its account or among its sender's requests.
    @discardableResult
    package mutating func remember(_ memory: Memory, bytes: Int, of account: String, as key: IdempotencyKey, now: NIODeadline) -> Bool {
        expire(now)
        guard entries[key] == nil else { return true }
        // Checked before any other request is displaced, because the recipient chooses the length of the answer.
        guard bytes <= Self.target(limits.bytes) / max(limits.perAccount, shares.count + 1) else { return false }
        lastNumber += 1
        let size = Size(requests: 1, bytes: bytes)
        entries[key] = Entry(memory: memory, size: size, account: account, number: lastNumber)
        order.append((key, now + limits.window, lastNumber))
        total += size
        shares[account, default: Share()].size += size
        shares[account]?.senders[key.sender, default: Queue()].size += size
        shares[account]?.senders[key.sender]?.keys.append(key)
        makeRoom(\.bytes, within: limits.bytes)
        makeRoom(\.requests, within: limits.requests)
        // Displaced requests stay in the order. They are removed once they are the larger part, so that it stays bounded.
        if order.count > 2 * count + 1024 { order = Deque(order.filter(isKnown)) }
        return entries[key] != nil
    }

    // MARK: Making room

    /// The size to which the total is cut when it exceeds the limit: slightly below it, so that the search for the largest is rare.
    private static func target(_ limit: Int) -> Int { limit - limit / 64 }

    /// The highest level above which these sizes have the excess, so that only the largest are cut, and only down to it.
    private static func level(_ sizes: [Int], excess: Int) -> Int {
        let sizes = sizes.sorted(by: >)
        var sum = 0
        for (index, size) in sizes.enumerated() {
            sum += size
            let next = index + 1 < sizes.count ? sizes[index + 1] : 0
            if sum - (index + 1) * next >= excess { return (sum - excess) / (index + 1) }
        }
        return 0
    }

    private mutating func makeRoom(_ size: KeyPath<Size, Int>, within limit: Int) {
        guard total[keyPath: size] > limit else { return }
        let target = Self.target(limit)
        let level = Self.level(shares.values.map { $0.size[keyPath: size] }, excess: total[keyPath: size] - target)
        for account in accounts(above: level, size) {
            let own = shares[account]?.size[keyPath: size] ?? 0
            cut(account, to: max(level, own - (total[keyPath: size] - target)), size)
        }
    }

    private mutating func cut(_ account: String, to bound: Int, _ size: KeyPath<Size, Int>) {
        let excess = (shares[account]?.size[keyPath: size] ?? 0) - bound
        guard excess > 0 else { return }
        let level = Self.level(shares[account]?.senders.values.map { $0.size[keyPath: size] } ?? [], excess: excess)
        for sender in senders(of: account, above: level, size) {
            while shares[account]?.size[keyPath: size] ?? 0 > bound, shares[account]?.senders[sender]?.size[keyPath: size] ?? 0 > level {
                dropOldest(of: sender, account)
            }
        }
    }

    /// Accounts above the level, largest first, of equal ones the one with the oldest request. There are no more accounts than platforms
    /// and nodes.
    private func accounts(above level: Int, _ size: KeyPath<Size, Int>) -> [String] {
        var found: [(account: String, size: Int, oldest: UInt64)] = []
        for (account, share) in shares where share.size[keyPath: size] > level {
            let oldest = share.senders.values.reduce(UInt64.max) { min($0, number(of: $1.keys.first)) }
            found.append((account, share.size[keyPath: size], oldest))
        }
        return found.sorted { ($1.size, $0.oldest) < ($0.size, $1.oldest) }.map(\.account)
    }

    /// Senders of an account above the level. First those whose newest request alone is above the level, because all of their requests are
    /// removed and others keep theirs. Then the largest, of equal ones the one with the oldest request.
    private func senders(of account: String, above level: Int, _ size: KeyPath<Size, Int>) -> [PartyID] {
        var found: [(sender: PartyID, newest: Int, size: Int, oldest: UInt64)] = []
        for (sender, queue) in shares[account]?.senders ?? [:] where queue.size[keyPath: size] > level {
            let newest = queue.keys.last.flatMap { entries[$0]?.size[keyPath: size] } ?? 0
            found.append((sender, newest, queue.size[keyPath: size], number(of: queue.keys.first)))
        }
        return found.sorted { ($1.newest, $1.size, $0.oldest) < ($0.newest, $0.size, $1.oldest) }.map(\.sender)
    }

    private func number(of key: IdempotencyKey?) -> UInt64 { key.flatMap { entries[$0]?.number } ?? .max }

    private mutating func expire(_ now: NIODeadline) {
        while let oldest = order.first, oldest.expires <= now {
            order.removeFirst()
            if isKnown(oldest), let entry = entries[oldest.key] { dropOldest(of: oldest.key.sender, entry.account) }
        }
    }

    private func isKnown(_ place: Place) -> Bool { entries[place.key]?.number == place.number }

    /// Removes the sender's oldest request.
    private mutating func dropOldest(of sender: PartyID, _ account: String) {
        guard let key = shares[account]?.senders[sender]?.keys.popFirst(), let entry = entries.removeValue(forKey: key) else { return }
        total -= entry.size
        shares[account]?.size -= entry.size
        shares[account]?.senders[sender]?.size -= entry.size
        if shares[account]?.senders[sender]?.keys.isEmpty == true { shares[account]?.senders[sender] = nil }
        if shares[account]?.senders.isEmpty == true { shares[account] = nil }
    }
}
