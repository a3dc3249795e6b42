import DequeModule
package import NIOCore
import OCPI

/// What is known of the requests of the last minutes, for those that come again. A value without lock or clock.
///
/// Bounded in number and bytes, all together and of each sender, so that one that sends much does not drive out what others may ask for;
/// the oldest go first. What another worker knows is not known here.
package struct RecentRequests<Memory: Sendable>: Sendable {
    /// How much is kept, and for how long.
    package struct Limits: Sendable {
        /// Requests.
        package var requests: Int
        /// Bytes of what is known of them.
        package var bytes: Int
        /// How long each is kept.
        package var window: TimeAmount
        /// A sender has one in so many of the requests and bytes.
        package var perSender: Int

        /// - Parameters: as the properties say.
        package init(requests: Int, bytes: Int = .max, window: TimeAmount, perSender: Int) {
            self.requests = requests
            self.bytes = bytes
            self.window = window
            self.perSender = max(1, perSender)
        }
    }

    /// Of one sender.
    private struct Share {
        /// Oldest first.
        var keys: Deque<RepeatKey> = []
        var bytes = 0
    }

    private struct Entry {
        let memory: Memory
        let bytes: Int
        let number: UInt64
    }

    private typealias Place = (key: RepeatKey, expires: NIODeadline, number: UInt64)

    private let limits: Limits
    private var entries: [RepeatKey: Entry] = [:]
    private var shares: [PartyID: Share] = [:]
    /// Oldest first, and some whose sender's share was full.
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

    /// Nothing changes for a key that is known, nor if it is more than one sender may have.
    /// - Parameter bytes: what it holds in memory, about.
    package mutating func remember(_ memory: Memory, bytes: Int, as key: RepeatKey, now: NIODeadline) {
        expire(now)
        guard entries[key] == nil, bytes <= limits.bytes / limits.perSender else { return }
        lastNumber += 1
        entries[key] = Entry(memory: memory, bytes: bytes, number: lastNumber)
        order.append((key, now + limits.window, lastNumber))
        shares[key.sender, default: Share()].keys.append(key)
        shares[key.sender]?.bytes += bytes
        self.bytes += bytes
        while hasTooMuch(key.sender) { dropOldest(of: key.sender) }
        while count > limits.requests || self.bytes > limits.bytes, let oldest = order.popFirst() {
            if isKnown(oldest) { dropOldest(of: oldest.key.sender) }
        }
        // What full shares have let go stays behind in the order. Dropped when it is the larger part, so that it stays bounded.
        if order.count > 2 * count + 1024 { order = Deque(order.filter(isKnown)) }
    }

    private func hasTooMuch(_ sender: PartyID) -> Bool {
        guard let share = shares[sender] else { return false }
        return share.keys.count > max(1, limits.requests / limits.perSender) || share.bytes > limits.bytes / limits.perSender
    }

    private mutating func expire(_ now: NIODeadline) {
        while let oldest = order.first, oldest.expires <= now {
            order.removeFirst()
            if isKnown(oldest) { dropOldest(of: oldest.key.sender) }
        }
    }

    private func isKnown(_ place: Place) -> Bool { entries[place.key]?.number == place.number }

    /// What is known longest of all is what is known longest of its sender.
    private mutating func dropOldest(of sender: PartyID) {
        guard let key = shares[sender]?.keys.popFirst(), let entry = entries.removeValue(forKey: key) else { return }
        shares[sender]?.bytes -= entry.bytes
        if shares[sender]?.keys.isEmpty == true { shares[sender] = nil }
        bytes -= entry.bytes
    }
}
