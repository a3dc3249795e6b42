import DequeModule
import NIOCore
import OCPI
import Topics

/// What makes a request a repeat of another: the same sender, its node if that is another one, `X-Request-ID`, recipient, place and body.
///
/// 128 bits of a hash with a seed of this process, so that nobody can prepare two requests with one key.
struct RepeatKey: Hashable, Sendable {
    let sender: PartyID
    private let first: Int
    private let second: Int

    /// Nil for a request that may simply be sent twice. A message of another node is signed but has no time: whoever has seen it can send
    /// it again, so there only what reads may be sent twice.
    init?(_ record: RequestRecord) {
        // The token may have been blocked since the first one was answered.
        guard !ModuleTable.isAuthorization(record.method, record.route) else { return nil }
        switch record.origin {
        case .local: guard !record.method.isIdempotent else { return nil }
        case .node: guard !record.method.isRead else { return nil }
        case .hub: return nil
        }
        sender = record.from
        let place = record.place
        first = Self.hash(record, place, salt: 1)
        second = Self.hash(record, place, salt: 2)
    }

    private static func hash(_ record: RequestRecord, _ place: String, salt: UInt8) -> Int {
        var hasher = Hasher()
        hasher.combine(salt)
        if case .node(let url) = record.origin { hasher.combine(url) }
        hasher.combine(record.to)
        hasher.combine(record.requestID)
        hasher.combine(record.method)
        hasher.combine(record.module)
        hasher.combine(record.interface)
        hasher.combine(place)
        hasher.combine(record.body)
        return hasher.finalize()
    }
}

/// The answers of the last minutes, for callers that did not get theirs and ask again: nothing is sent twice. A value without a lock.
///
/// Answers are bounded in number and bytes, all together and of each sender, so that one that sends much does not drive out what others
/// may ask for; the oldest go first. Requests under way are bounded by whoever adds them. What another worker answers is not known here.
struct Repeats<Waiter: Sendable>: Sendable {
    struct Limits: Sendable {
        var answers: Int
        var bytes: Int
        var window: TimeAmount
        /// A sender has one in so many of the answers and bytes.
        var perSender: Int
    }

    /// What to do with a request.
    enum Turn {
        /// It is the first: send it, then call ``end(_:_:now:)``.
        case first
        /// The first one is under way: what ``end(_:_:now:)`` returns tells who waits.
        case waits
        /// The first one's answer.
        case answered(Answer)
    }

    /// Of one sender.
    private struct Share {
        /// Oldest first.
        var keys: Deque<RepeatKey> = []
        var bytes = 0
    }

    private enum Entry {
        case underWay(waiting: [Waiter])
        case answered(Answer, number: UInt64)
    }

    private let limits: Limits
    private var entries: [RepeatKey: Entry] = [:]
    private var shares: [PartyID: Share] = [:]
    /// The answered ones, oldest first, and some whose sender's share was full.
    private var order: Deque<(key: RepeatKey, expires: NIODeadline, number: UInt64)> = []
    private var next: UInt64 = 0
    /// Answers that are remembered.
    private(set) var count = 0
    /// Bytes of all answers, about.
    private(set) var bytes = 0

    init(_ limits: Limits) {
        self.limits = limits
    }

    /// What is kept to know the order, for answers that are remembered and some that are not any more.
    var ordered: Int { order.count }

    /// The answer to an earlier request of this key, if there is one.
    mutating func answer(_ key: RepeatKey, now: NIODeadline) -> Answer? {
        expire(now)
        guard case .answered(let answer, _) = entries[key] else { return nil }
        return answer
    }

    /// Whether the first request of this key is not over.
    func isUnderWay(_ key: RepeatKey) -> Bool { if case .underWay = entries[key] { true } else { false } }

    /// - Parameter waiter: kept if it must wait.
    mutating func begin(_ key: RepeatKey, _ waiter: Waiter, now: NIODeadline) -> Turn {
        expire(now)
        switch entries[key] {
        case nil:
            entries[key] = .underWay(waiting: [])
            return .first
        case .underWay(var waiting):
            // Taken out first, so that the list is not copied.
            entries[key] = nil
            waiting.append(waiter)
            entries[key] = .underWay(waiting: waiting)
            return .waits
        case .answered(let answer, _): return .answered(answer)
        }
    }

    /// The first request of this key is over.
    /// - Parameter answer: what to remember; nil if a repeat may try again.
    /// - Returns: who waits for its answer.
    mutating func end(_ key: RepeatKey, _ answer: Answer?, now: NIODeadline) -> [Waiter] {
        guard case .underWay(let waiting) = entries[key] else { return [] }
        entries[key] = nil
        if let answer, answer.bytes <= limits.bytes / max(1, limits.perSender) { remember(answer, key, now) }
        return waiting
    }

    private mutating func remember(_ answer: Answer, _ key: RepeatKey, _ now: NIODeadline) {
        next += 1
        entries[key] = .answered(answer.toKeep, number: next)
        order.append((key, now + limits.window, next))
        shares[key.sender, default: Share()].keys.append(key)
        shares[key.sender]?.bytes += answer.bytes
        bytes += answer.bytes
        count += 1
        while hasTooMuch(key.sender) { dropOldest(of: key.sender) }
        while count > limits.answers || bytes > limits.bytes, let oldest = order.popFirst() {
            if isRemembered(oldest) { dropOldest(of: oldest.key.sender) }
        }
        // What full shares have let go stays behind in the order. Dropped when it is the larger part, so that it stays bounded.
        if order.count > 2 * count + 1024 { order = Deque(order.filter(isRemembered)) }
    }

    private func hasTooMuch(_ sender: PartyID) -> Bool {
        guard let share = shares[sender] else { return false }
        return share.keys.count > max(1, limits.answers / max(1, limits.perSender)) || share.bytes > limits.bytes / max(1, limits.perSender)
    }

    private mutating func expire(_ now: NIODeadline) {
        while let oldest = order.first, oldest.expires <= now {
            order.removeFirst()
            if isRemembered(oldest) { dropOldest(of: oldest.key.sender) }
        }
    }

    private func isRemembered(_ place: (key: RepeatKey, expires: NIODeadline, number: UInt64)) -> Bool {
        if case .answered(_, place.number) = entries[place.key] { true } else { false }
    }

    /// What is remembered longest of all is what is remembered longest of its sender.
    private mutating func dropOldest(of sender: PartyID) {
        guard let key = shares[sender]?.keys.popFirst(), case .answered(let answer, _) = entries[key] else { return }
        entries[key] = nil
        shares[sender]?.bytes -= answer.bytes
        if shares[sender]?.keys.isEmpty == true { shares[sender] = nil }
        bytes -= answer.bytes
        count -= 1
    }
}
