import HeapModule
import Instruments
import Kafka
import NIOCore
import OCPI
import Synchronization
import Wire

/// The links of `ocn.links` that have not expired.
final class LinkTable: Sendable {
    private struct Expiry: Comparable {
        let time: Timestamp
        let id: String
        static func < (a: Expiry, b: Expiry) -> Bool { (a.time, a.id) < (b.time, b.id) }
    }
    private struct State {
        var byID: [String: Capability] = [:]
        var byExpiry = Heap<Expiry>()
    }
    private let state = Mutex(Renewable(State()))
    private let maxLinks: Int
    private let metrics = LinkMetrics()

    init(maxLinks: Int) {
        self.maxLinks = maxLinks
    }

    subscript(_ id: String) -> Capability? { state.withLock { $0.current.byID[id] } }

    /// The ids of links from or for one of these parties. O(links).
    func ids(of parties: Set<PartyID>) -> [String] {
        state.withLock { state in
            state.current.byID.filter { parties.contains($0.value.owner) || parties.contains($0.value.user) }.keys.sorted()
        }
    }

    /// The log was made anew.
    func restart() { state.withLock { $0.restart(from: State()) } }

    /// The log's end is reached.
    func complete() { state.withLock { $0.complete() } }

    func apply(_ records: [IncomingRecord]) {
        let now = Timestamp.now
        state.withLock { $0.apply { apply(records, now, to: &$0) } }
    }

    private func apply(_ records: [IncomingRecord], _ now: Timestamp, to state: inout State) {
        for record in records {
            guard let id = record.key else { continue }
            guard let value = record.value, value.readableBytes > 0 else {
                state.byID[id] = nil
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
            state.byID[id] = link
            state.byExpiry.insert(Expiry(time: link.expires, id: id))
        }
        while let next = state.byExpiry.min, next.time <= now || state.byExpiry.count > maxLinks {
            if next.time > now { metrics.dropped.increment() }
            _ = state.byExpiry.popMin()
            if let link = state.byID[next.id], link.expires <= next.time { state.byID[next.id] = nil }
        }
    }
}
