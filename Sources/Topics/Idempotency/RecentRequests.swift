import DequeModule
package import NIOCore
import OCPI

/// What is known of the requests of the last minutes, for those that come again. A value without lock or clock.
///
/// Bounded in number and bytes, all together. An account, the platform or node that sends, has all the room that others leave. Where all
/// have too much, the accounts that have most make room, down to one size, and in each of them the senders that have most, the oldest of
/// theirs first. So one that sends much does not drive out what others may ask for, however many parties it sends for, nor does one party
/// what others of its account may. What another worker knows is not known here.
package struct RecentRequests<Memory: Sendable>: Sendable {
    /// How much is kept, and for how long.
    package struct Limits: Sendable {
        /// Requests.
        package var requests: Int
        /// Bytes of what is known of them.
        package var bytes: Int
        /// How long each is kept.
        package var window: TimeAmount
        /// The fair part of an account is one in so many of the bytes, less where there are more accounts. No single request takes more.
        package var perAccount: Int

        /// - Parameters: as the properties say.
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

    /// Of one sender.
    private struct Queue {
        /// Oldest first.
        var keys: Deque<IdempotencyKey> = []
        var size = Size()
    }

    /// Of one account.
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
    /// Oldest first, and some that had to make room.
    private var order: Deque<Place> = []
    private var lastNumber: UInt64 = 0
    private var total = Size()

    /// Knows nothing yet.
    package init(_ limits: Limits) {
        self.limits = limits
    }

    /// Requests that are known.
    package var count: Int { total.requests }

    /// Bytes of what is known, about.
    package var bytes: Int { total.bytes }

    /// What is kept to know the order, for requests that are known and some that are not any more.
    package var ordered: Int { order.count }

    /// What is known of the request of this key; nil for none.
    package mutating func memory(of key: IdempotencyKey, now: NIODeadline) -> Memory? {
        expire(now)
        return entries[key]?.memory
    }

    /// Nothing changes for a key that is known, nor if it is more than the fair part of an account.
    /// - Parameters:
    ///   - bytes: what it holds in memory, about.
    ///   - account: the platform or node that sent the request.
    /// - Returns: whether the request is known now. Not if it is too large, for its account or among what its sender has.
    @discardableResult
    package mutating func remember(_ memory: Memory, bytes: Int, of account: String, as key: IdempotencyKey, now: NIODeadline) -> Bool {
        expire(now)
        guard entries[key] == nil else { return true }
        // Judged before anybody makes room for it: whoever answers chooses how long the answer is.
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
        // What had to make room stays behind in the order. Dropped when it is the larger part, so that it stays bounded.
        if order.count > 2 * count + 1024 { order = Deque(order.filter(isKnown)) }
        return entries[key] != nil
    }

    // MARK: Making room

    /// To which all together are cut where they have more than the limit: somewhat below it, so that looking for who has most is seldom.
    private static func target(_ limit: Int) -> Int { limit - limit / 64 }

    /// The highest level above which these sizes have the excess, so that who has most makes room, and only down to it.
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

    /// Largest first, of several the one whose oldest is older. There are no more accounts than platforms and nodes.
    private func accounts(above level: Int, _ size: KeyPath<Size, Int>) -> [String] {
        var found: [(account: String, size: Int, oldest: UInt64)] = []
        for (account, share) in shares where share.size[keyPath: size] > level {
            let oldest = share.senders.values.reduce(UInt64.max) { min($0, number(of: $1.keys.first)) }
            found.append((account, share.size[keyPath: size], oldest))
        }
        return found.sorted { ($1.size, $0.oldest) < ($0.size, $1.oldest) }.map(\.account)
    }

    /// Whose newest is largest comes first: where that alone is above the level, all of the sender goes, and others need not make room for
    /// it. Then who has most, of several the one whose oldest is older.
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

    /// What is known longest of all is what is known longest of its sender.
    private mutating func dropOldest(of sender: PartyID, _ account: String) {
        guard let key = shares[account]?.senders[sender]?.keys.popFirst(), let entry = entries.removeValue(forKey: key) else { return }
        total -= entry.size
        shares[account]?.size -= entry.size
        shares[account]?.senders[sender]?.size -= entry.size
        if shares[account]?.senders[sender]?.keys.isEmpty == true { shares[account]?.senders[sender] = nil }
        if shares[account]?.senders.isEmpty == true { shares[account] = nil }
    }
}
