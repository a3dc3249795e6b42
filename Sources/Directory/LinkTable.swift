import Instruments
import Kafka
import NIOCore
import OCPI
import Synchronization
import Wire

/// The links of `ocn.links` that have not expired, and how many each party has.
final class LinkTable: Sendable {
    private struct State {
        var links = Renewable(LinkSet())
        /// Whose place a link has that is being written, until it is read back.
        var reserved: [String: LinkSet.Account] = [:]
        var reservedByAccount: [LinkSet.Account: Int] = [:]
        /// When what has expired was last looked for everywhere.
        var swept = Timestamp(milliseconds: 0)

        func count(of account: LinkSet.Account) -> Int { links.current.count(of: account) + (reservedByAccount[account] ?? 0) }

        mutating func giveBack(_ id: String) {
            guard let account = reserved.removeValue(forKey: id) else { return }
            let count = (reservedByAccount[account] ?? 0) - 1
            reservedByAccount[account] = count > 0 ? count : nil
        }

        /// Once a second, or when the clock was set back.
        mutating func isSweepDue(_ now: Timestamp) -> Bool {
            guard !(swept..<swept.adding(milliseconds: 1000)).contains(now) else { return false }
            swept = now
            return true
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
            state.links.restart(from: LinkSet())
            state.reserved = [:]
            state.reservedByAccount = [:]
        }
    }

    /// The log's end is reached.
    func complete() { state.withLock { $0.links.complete() } }

    // MARK: Places

    /// Takes a place for a link that is about to be written. What stands under its id already keeps its place.
    /// - Returns: whether it must be written; not if what stands there does for it.
    /// - Throws: if its party has as many of its kind as it may.
    func reserve(_ id: String, _ link: Capability) throws(LinkError) -> Bool {
        let account = LinkSet.Account(of: link)
        let now = Timestamp.now
        let mustBeWritten: Bool? = state.withLock { state in
            let known = state.links.current.byID[id]
            // What stood in a log that was made anew may have gone with it.
            if let known, !state.links.isRenewing, known.suffices(for: link, now) { return false }
            if known.map(LinkSet.Account.init(of:)) == account || state.reserved[id] == account { return true }
            if state.count(of: account) >= maxPerParty {
                state.links.apply { $0.expire(now, of: account) }
                guard state.count(of: account) < maxPerParty else { return nil }
            }
            state.giveBack(id)
            state.reserved[id] = account
            state.reservedByAccount[account, default: 0] += 1
            return true
        }
        if let mustBeWritten { return mustBeWritten }
        metrics.refused.increment()
        throw .quota(link.requester, limit: maxPerParty)
    }

    /// It was not written.
    func giveBack(_ id: String) { state.withLock { $0.giveBack(id) } }

    // MARK: Following

    func apply(_ records: [IncomingRecord]) {
        let now = Timestamp.now
        state.withLock { state in
            let isSweepDue = state.isSweepDue(now)
            state.links.apply { links in
                for record in records { apply(record, now, to: &links) }
                if isSweepDue || links.count > maxLinks { links.expire(now) }
                let dropped = links.trim(to: maxLinks)
                if dropped > 0 { metrics.dropped.increment(by: dropped) }
            }
            for record in records { if let id = record.key { state.giveBack(id) } }
        }
    }

    private func apply(_ record: IncomingRecord, _ now: Timestamp, to links: inout LinkSet) {
        guard let id = record.key else { return }
        guard let value = record.value, value.readableBytes > 0 else { return links.set(id, nil) }
        guard let json = try? JSONValue.parse(value), let link = Capability(json: json),
            // For ever it would keep its place.
            link.expires <= now.adding(milliseconds: Capability.longestLifetime)
        else { return metrics.unreadable.increment() }
        links.set(id, link.expires > now ? link : nil)
    }
}
