package import Encoding
import HeapModule
package import Kafka
package import OCPI
import Synchronization
package import Topics

/// The parties of objects in messages that passed this node: bounded, shared by all processes through `ocn.links`, forgotten after a month
/// without use. A hint only: it authorises nothing. Thread-safe.
///
/// Ids are unique per party only. If several parties have an object of the same id, none of them is returned, not the last one: otherwise a
/// party that knows an id could redirect messages for another party to itself.
package final class ObjectParties: Sendable {
    private struct Expiry: Comparable {
        let time: Timestamp
        let object: String
        let party: PartyID
        static func < (a: Expiry, b: Expiry) -> Bool { (a.time, a.object, a.party) < (b.time, b.object, b.party) }
    }
    private struct State {
        /// When the entry of each party of an object expires.
        var parties: [String: [PartyID: Timestamp]] = [:]
        var byExpiry = Heap<Expiry>()
    }
    private let state = Mutex(RebuildableSnapshot(State()))
    private let maxObjects: Int
    private let send: @Sendable (OutgoingRecord) -> Void
    private let topics: TopicNames

    static let lifetime: Int64 = 30 * 86_400_000

    /// - Parameters:
    ///   - topics: the node's topics.
    ///   - maxObjects: the most objects, times their parties; above it the oldest entries are dropped.
    ///   - send: produces a record; its success does not matter.
    package init(topics: TopicNames, maxObjects: Int = 1_000_000, send: @escaping @Sendable (OutgoingRecord) -> Void) {
        self.topics = topics
        self.maxObjects = maxObjects
        self.send = send
    }

    /// The party of an object; nil if it is not known, or with several parties.
    package subscript(_ object: ObjectName) -> PartyID? {
        state.withLock { state in
            let known = state.current.parties
            guard let parties = known[object.key] ?? object.olderKey.flatMap({ known[$0] }), parties.count == 1 else { return nil }
            return parties.first?.key
        }
    }

    /// Stores the party of an object, for all processes. Costs a look-up if it is known already.
    package func note(_ object: ObjectName, _ party: PartyID, now: Timestamp = .now) {
        let expires = now.adding(milliseconds: Self.lifetime)
        let hasChanges = state.withLock { state in
            if let known = state.current.parties[object.key]?[party], known > now.adding(milliseconds: Self.lifetime / 2) { return false }
            state.apply { add(object.key, party.canonical, expires, now, to: &$0) }
            return true
        }
        guard hasChanges else { return }
        let value: JSONValue = ["party": .string(party.canonical.description), "expires": .string(expires.description)]
        // Each party has a key of its own, so that none overwrites another's record.
        let key = object.key + Self.suffix(party)
        send(OutgoingRecord(topic: topics.links, partition: 0, key: key, value: value.encoded(), headers: RecordHeaders()))
    }

    private static func suffix(_ party: PartyID) -> String { "|\(party.canonical)" }

    /// Handles a log that was created again.
    func restart() { state.withLock { $0.restart(from: State()) } }

    /// Handles the end of the log.
    func complete() { state.withLock { $0.complete() } }

    /// Applies records of `ocn.links` whose keys begin with ``ObjectName/prefix``.
    func apply(_ records: [IncomingRecord], now: Timestamp = .now) {
        state.withLock { state in
            state.apply { state in
                for record in records {
                    guard let key = record.key, let value = record.value, let json = try? JSONValue.parse(value),
                        let party = json["party"]?.string.flatMap({ PartyID($0) }),
                        let expires = json["expires"]?.string.flatMap(Timestamp.init(rfc3339:)), expires > now,
                        // No process writes a later expiry: the entry would never expire.
                        expires <= now.adding(milliseconds: Self.lifetime + RecordBounds.clockTolerance), key.hasSuffix(Self.suffix(party))
                    else { continue }
                    add(String(key.dropLast(Self.suffix(party).count)), party.canonical, expires, now, to: &state)
                }
            }
        }
    }

    private func add(_ object: String, _ party: PartyID, _ expires: Timestamp, _ now: Timestamp, to state: inout State) {
        if state.parties[object]?[party] == expires { return }
        state.parties[object, default: [:]][party] = expires
        state.byExpiry.insert(Expiry(time: expires, object: object, party: party))
        while let next = state.byExpiry.min, next.time <= now || state.byExpiry.count > maxObjects {
            _ = state.byExpiry.popMin()
            guard let known = state.parties[next.object]?[next.party], known <= next.time else { continue }
            state.parties[next.object]?[next.party] = nil
            if state.parties[next.object]?.isEmpty == true { state.parties[next.object] = nil }
        }
    }
}
