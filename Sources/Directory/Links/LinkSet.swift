import Encoding
import HeapModule
import OCPI

/// Links by id, with a count of the places that each account uses. A value without a lock.
struct LinkSet: Sendable {
    /// The account under which a link is counted. Kinds are counted separately: a party that reads long lists must still be able to start a
    /// session, and links to objects, which live 400 days, must not take the places of others.
    struct Account: Hashable, Sendable {
        let party: PartyID
        let kind: Capability.Kind

        init(of link: Capability) {
            party = link.requester
            kind = link.kind
        }
    }

    private struct Expiry: Comparable, Hashable {
        let time: Timestamp
        let id: String
        static func < (a: Expiry, b: Expiry) -> Bool { (a.time, a.id) < (b.time, b.id) }
    }

    /// The links of one account. Rewritten or deleted links leave a void entry in the queue.
    private struct Holding {
        var links = 0
        var places = 0
        var byExpiry = Heap<Expiry>()
    }

    private struct Size: Comparable {
        let places: Int
        let account: Account
        static func < (a: Size, b: Size) -> Bool { a.places < b.places }
    }

    private(set) var byID: [String: Capability] = [:]
    private var holdings: [Account: Holding] = [:]

    /// See `Capability.places`.
    private(set) var places = 0

    func places(of account: Account) -> Int { holdings[account]?.places ?? 0 }

    /// - Parameter link: nil to remove it.
    mutating func set(_ id: String, _ link: Capability?) {
        let old = byID[id]
        byID[id] = link
        let (before, after) = (old.map(Account.init(of:)), link.map(Account.init(of:)))
        if let old, let before { count(old, -1, of: before) }
        if let link, let after { count(link, 1, of: after) }
        if let before, before != after, holdings[before]?.links == 0 { holdings[before] = nil }
        guard let link, let after, before != after || old?.expires != link.expires else { return }
        queue(Expiry(time: link.expires, id: id), after)
    }

    private mutating func count(_ link: Capability, _ sign: Int, of account: Account) {
        holdings[account, default: Holding()].links += sign
        holdings[account]?.places += sign * link.places
        places += sign * link.places
    }

    private mutating func queue(_ expiry: Expiry, _ account: Account) {
        holdings[account]?.byExpiry.insert(expiry)
        guard let holding = holdings[account], holding.byExpiry.count > 2 * holding.links + 16 else { return }
        // More than half of the queue is void.
        let valid = Set(holding.byExpiry.unordered.filter { isValid($0, account) })
        holdings[account]?.byExpiry = Heap(valid)
    }

    private func isValid(_ expiry: Expiry, _ account: Account) -> Bool {
        byID[expiry.id].map { $0.expires == expiry.time && Account(of: $0) == account } ?? false
    }

    // MARK: Expiry

    /// Removes expired links.
    mutating func expire(_ now: Timestamp) {
        for account in Array(holdings.keys) { expire(now, of: account) }
    }

    /// Removes expired links of one account.
    mutating func expire(_ now: Timestamp, of account: Account) {
        while let next = holdings[account]?.byExpiry.min, next.time <= now { _ = dropFirst(of: account) }
    }

    /// Removes links until they take at most `limit` places: from the account that uses the most, those that expire first.
    /// - Returns: the number of removed links.
    mutating func trim(toPlaces limit: Int) -> Int {
        let before = byID.count
        guard places > limit else { return 0 }
        var sizes = Heap(holdings.map { Size(places: $0.value.places, account: $0.key) })
        while places > limit, let largest = sizes.popMax() {
            while dropFirst(of: largest.account) == false {}
            let left = places(of: largest.account)
            if left > 0 { sizes.insert(Size(places: left, account: largest.account)) }
        }
        return before - byID.count
    }

    /// - Returns: whether the removed entry was a link; nil if there is no entry.
    private mutating func dropFirst(of account: Account) -> Bool? {
        guard let first = holdings[account]?.byExpiry.popMin() else { return nil }
        guard isValid(first, account) else { return false }
        set(first.id, nil)
        return true
    }
}
