import Encoding
import Instruments
import Kafka
import NIOCore
import OCPI
import Synchronization

/// The unexpired links of `ocn.links`, and the places that each party uses.
final class LinkTable: Sendable {
    private struct State {
        var links = RebuildableSnapshot(LinkSet())
        /// Links that are being written and not read back yet.
        var reserved: [String: Capability] = [:]
        var reservedByAccount: [LinkSet.Account: Int] = [:]
        /// When expired links of all accounts were last removed.
        var swept = Timestamp(milliseconds: 0)

        func places(of account: LinkSet.Account) -> Int { links.current.places(of: account) + (reservedByAccount[account] ?? 0) }

        mutating func giveBack(_ id: String) {
            guard let link = reserved.removeValue(forKey: id) else { return }
            let account = LinkSet.Account(of: link)
            let places = (reservedByAccount[account] ?? 0) - link.places
            reservedByAccount[account] = places > 0 ? places : nil
        }

        /// The link that is stored under an id, or is being written.
        func standing(_ id: String, _ now: Timestamp) -> Capability? {
            [links.current.byID[id], reserved[id]].compactMap { $0 }.first { $0.expires > now }
        }

        /// Whether to remove expired links: once a second, or after the clock was set back.
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

    /// Handles a log that was created again. Links that are being written may have been lost with the old one.
    func restart() {
        state.withLock { state in
            state.links.restart(from: LinkSet())
            state.reserved = [:]
            state.reservedByAccount = [:]
        }
    }

    /// Handles the end of the log.
    func complete() { state.withLock { $0.links.complete() } }

    // MARK: Places

    /// Reserves places for a link before it is written. A link that is stored under the same id keeps its places.
    ///
    /// Ids are made here, except for those that another node chooses for its party. A sender that knows such an id must not be able to
    /// replace its URL, and a repeated message must not extend its lifetime.
    /// - Returns: whether the link must be written; false if the stored one suffices.
    /// - Throws: if its party has reached the limit of its kind, or the id belongs to a URL of another party.
    func reserve(_ id: String, _ link: Capability) throws(LinkError) -> Bool {
        let account = LinkSet.Account(of: link)
        let now = Timestamp.now
        let mustBeWritten: Result<Bool, LinkError> = state.withLock { state in
            let standing = state.standing(id, now)
            if let standing, standing.owner != link.owner { return .failure(.taken) }
            // A link in a log that was created again may have been lost with the old one.
            if let known = state.links.current.byID[id], !state.links.isRenewing, known.expires > now {
                let isRenewed = id.hasPrefix(Capability.handedOutPrefix)
                if isRenewed ? known.suffices(for: link, now) : known.says(link) { return .success(false) }
            }
            if let standing, LinkSet.Account(of: standing) == account, link.places <= standing.places { return .success(true) }
            let free = maxPerParty - link.places
            if state.places(of: account) > free {
                state.links.apply { $0.expire(now, of: account) }
                guard state.places(of: account) <= free else { return .failure(.quota(link.requester, limit: maxPerParty)) }
            }
            state.giveBack(id)
            state.reserved[id] = link
            state.reservedByAccount[account, default: 0] += link.places
            return .success(true)
        }
        if case .failure(.quota) = mustBeWritten { metrics.refused.increment() }
        return try mustBeWritten.get()
    }

    /// Releases the places of a link that was not written.
    func giveBack(_ id: String) { state.withLock { $0.giveBack(id) } }

    // MARK: Following

    func apply(_ records: [IncomingRecord]) {
        let now = Timestamp.now
        state.withLock { state in
            let isSweepDue = state.isSweepDue(now)
            state.links.apply { links in
                for record in records { apply(record, now, to: &links) }
                if isSweepDue || links.places > maxLinks { links.expire(now) }
                let dropped = links.trim(toPlaces: maxLinks)
                if dropped > 0 { metrics.dropped.increment(by: dropped) }
            }
            for record in records { if let id = record.key { state.giveBack(id) } }
        }
    }

    private func apply(_ record: IncomingRecord, _ now: Timestamp, to links: inout LinkSet) {
        guard let id = record.key else { return }
        guard let value = record.value, value.readableBytes > 0 else { return links.set(id, nil) }
        guard let json = try? JSONValue.parse(value), let link = Capability(json: json),
            // A link without a bound would keep its place for ever.
            link.expires <= now.adding(milliseconds: Capability.longestLifetime)
        else { return metrics.unreadable.increment() }
        links.set(id, link.expires > now ? link : nil)
    }
}
