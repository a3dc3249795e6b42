import HeapModule
package import Kafka
import NIOCore
package import OCPI
import Synchronization
package import Topics
package import Wire

/// An object whose party the hub has seen: what open routing may go by (OCPI 2.2.1, 4.1.5 Open Routing Request).
package struct ObjectName: Hashable, Sendable {
    /// How the party relates to the object.
    package enum Relation: String, Sendable {
        /// It made the object: the CPO of a location or session, the EMSP of a token.
        case owner
        /// The object is for it: the EMSP of a session.
        case customer
    }

    let key: String

    /// Nil for an id that OCPI does not allow: empty or longer than 64 bytes. Ids compare without case.
    package init?(_ relation: Relation, _ module: ModuleID, _ id: String) {
        guard 1...64 ~= id.utf8.count else { return nil }
        key = ObjectName.prefix + relation.rawValue + "|" + module.rawValue + "|" + id.lowercased()
    }

    /// What the keys of such records in `ocn.links` begin with; no link's id contains a bar.
    static let prefix = "object|"
}

/// Which party an object belongs to, by what passed through this node earlier: bounded, shared by all processes through `ocn.links`,
/// forgotten after a month without use. A hint only: nothing is authorised by it. Thread-safe.
package final class ObjectParties: Sendable {
    private struct Expiry: Comparable {
        let time: Timestamp
        let key: String
        static func < (a: Expiry, b: Expiry) -> Bool { (a.time, a.key) < (b.time, b.key) }
    }
    private struct State {
        var parties: [String: (party: PartyID, expires: Timestamp)] = [:]
        var byExpiry = Heap<Expiry>()
    }
    private let state = Mutex(State())
    private let maxObjects: Int
    private let send: @Sendable (OutgoingRecord) -> Void
    private let topics: TopicNames

    static let lifetime: Int64 = 30 * 86_400_000

    /// - Parameters:
    ///   - topics: the node's topics.
    ///   - maxObjects: beyond it the objects are forgotten that were seen first.
    ///   - send: produces a record; whether that succeeds does not matter.
    package init(topics: TopicNames, maxObjects: Int = 1_000_000, send: @escaping @Sendable (OutgoingRecord) -> Void) {
        self.topics = topics
        self.maxObjects = maxObjects
        self.send = send
    }

    /// The party of an object; nil if it was not seen.
    package subscript(_ object: ObjectName) -> PartyID? { state.withLock { $0.parties[object.key]?.party } }

    /// Remembers the party of an object, for all processes. Costs a look-up unless this is news.
    package func note(_ object: ObjectName, _ party: PartyID, now: Timestamp = .now) {
        let expires = now.adding(milliseconds: Self.lifetime)
        let isNews = state.withLock { state in
            if let known = state.parties[object.key], known.party == party,
                known.expires > now.adding(milliseconds: Self.lifetime / 2)
            {
                return false
            }
            add(object.key, party.canonical, expires, now, to: &state)
            return true
        }
        guard isNews else { return }
        let value: JSONValue = ["party": .string(party.canonical.description), "expires": .string(expires.description)]
        send(OutgoingRecord(topic: topics.links, partition: 0, key: object.key, value: value.encoded(), headers: RecordHeaders()))
    }

    /// Applies records of `ocn.links` whose keys begin with ``ObjectName/prefix``.
    func apply(_ records: [IncomingRecord], now: Timestamp = .now) {
        state.withLock { state in
            for record in records {
                guard let key = record.key, let value = record.value, let json = try? JSONValue.parse(value),
                    let party = json["party"]?.string.flatMap({ PartyID($0) }),
                    let expires = json["expires"]?.string.flatMap(Timestamp.init(rfc3339:)), expires > now
                else { continue }
                add(key, party, expires, now, to: &state)
            }
        }
    }

    private func add(_ key: String, _ party: PartyID, _ expires: Timestamp, _ now: Timestamp, to state: inout State) {
        if let known = state.parties[key], known.party == party, known.expires == expires { return }
        state.parties[key] = (party, expires)
        state.byExpiry.insert(Expiry(time: expires, key: key))
        while let next = state.byExpiry.min, next.time <= now || state.byExpiry.count > maxObjects {
            _ = state.byExpiry.popMin()
            if let entry = state.parties[next.key], entry.expires <= next.time { state.parties[next.key] = nil }
        }
    }
}
