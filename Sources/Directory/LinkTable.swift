import HeapModule
import Instruments
import Kafka
import NIOCore
import OCPI
import Synchronization
import Wire

/// The links of `ocn.links` that have not expired, and how many each party has.
final class LinkTable: Sendable {
    private struct Expiry: Comparable {
        let time: Timestamp
        let id: String
        static func < (a: Expiry, b: Expiry) -> Bool { (a.time, a.id) < (b.time, b.id) }
    }
    private struct Links {
        private(set) var byID: [String: Capability] = [:]
        var byExpiry = Heap<Expiry>()
        private(set) var countByParty: [PartyID: Int] = [:]

        mutating func set(_ id: String, _ link: Capability?) {
            if let old = byID[id] { count(old.requester, -1) }
            byID[id] = link
            if let link { count(link.requester, 1) }
        }

        private mutating func count(_ party: PartyID, _ change: Int) {
            let count = (countByParty[party] ?? 0) + change
            countByParty[party] = count > 0 ? count : nil
        }
    }
    private struct State {
        var links = Renewable(Links())
        /// Whose place a link has that is being written, until it is read back.
        var reserved: [String: PartyID] = [:]
        var reservedByParty: [PartyID: Int] = [:]

        func count(of party: PartyID) -> Int { (links.current.countByParty[party] ?? 0) + (reservedByParty[party] ?? 0) }

        mutating func giveBack(_ id: String) {
            guard let party = reserved.removeValue(forKey: id) else { return }
            let count = (reservedByParty[party] ?? 0) - 1
            reservedByParty[party] = count > 0 ? count : nil
        }
    }
    private let state = Mutex(State())
    private let maxLinks: Int
    private let maxPerParty: Int
    private let metrics = LinkMetrics()

    init(maxLinks: Int, maxPerParty: Int) {
        self.maxLinks = maxLinks
        self.maxPerParty = maxPerParty
    }

    subscript(_ id: String) -> Capability? { state.withLock { $0.links.current.byID[id] } }

    /// The ids of links from or for one of these parties. O(links).
    func ids(of parties: Set<PartyID>) -> [String] {
        state.withLock { state in
            state.links.current.byID.filter { parties.contains($0.value.owner) || parties.contains($0.value.user) }.keys.sorted()
        }
    }

    /// The log was made anew. What is being written may have gone with the old one.
    func restart() {
        state.withLock { state in
            state.links.restart(from: Links())
            state.reserved = [:]
            state.reservedByParty = [:]
        }
    }

    /// The log's end is reached.
    func complete() { state.withLock { $0.links.complete() } }

    // MARK: Places

    /// Takes a place for a link that is about to be written. What stands under its id already keeps its place.
    /// - Throws: if its party has as many as it may.
    func reserve(_ id: String, _ link: Capability) throws(LinkError) {
        let party = link.requester
        let isFree = state.withLock { state in
            if state.links.current.byID[id]?.requester == party || state.reserved[id] == party { return true }
            if state.count(of: party) >= maxPerParty {
                let now = Timestamp.now
                state.links.apply { expire(now, in: &$0) }
                guard state.count(of: party) < maxPerParty else { return false }
            }
            state.giveBack(id)
            state.reserved[id] = party
            state.reservedByParty[party, default: 0] += 1
            return true
        }
        guard !isFree else { return }
        metrics.refused.increment()
        throw .quota(party, limit: maxPerParty)
    }

    /// It was not written.
    func giveBack(_ id: String) { state.withLock { $0.giveBack(id) } }

    // MARK: Following

    func apply(_ records: [IncomingRecord]) {
        let now = Timestamp.now
        state.withLock { state in
            state.links.apply { apply(records, now, to: &$0) }
            for record in records { if let id = record.key { state.giveBack(id) } }
        }
    }

    private func apply(_ records: [IncomingRecord], _ now: Timestamp, to links: inout Links) {
        for record in records {
            guard let id = record.key else { continue }
            guard let value = record.value, value.readableBytes > 0 else {
                links.set(id, nil)
                continue
            }
            guard let json = try? JSONValue.parse(value), let link = Capability(json: json) else {
                metrics.unreadable.increment()
                continue
            }
            guard link.expires > now else { continue }
            // It would push out all others.
            guard link.expires <= now.adding(milliseconds: Capability.longestLifetime) else {
                metrics.unreadable.increment()
                continue
            }
            links.set(id, link)
            links.byExpiry.insert(Expiry(time: link.expires, id: id))
        }
        expire(now, in: &links)
    }

    private func expire(_ now: Timestamp, in links: inout Links) {
        while let next = links.byExpiry.min, next.time <= now || links.byExpiry.count > maxLinks {
            if next.time > now { metrics.dropped.increment() }
            _ = links.byExpiry.popMin()
            if let link = links.byID[next.id], link.expires <= next.time { links.set(next.id, nil) }
        }
    }
}
