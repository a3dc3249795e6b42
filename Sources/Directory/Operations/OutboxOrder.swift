package import Encoding
import HashTreeCollections
package import OCPI

/// An operator's order for a recipient's outbox. PUSH carries it out, because only the owner of a partition can.
package struct OutboxOrder: Sendable, Equatable {
    /// An order to send again all records since a time.
    package struct Rewind: Sendable, Equatable {
        /// A UUID, new for every order: each partition carries each rewind out once.
        package var id: String
        /// Sending continues with the first record that Kafka stamped at or after this time. A partition without such a record, or one that
        /// has not reached it yet, keeps its position.
        package var to: Timestamp

        package init(id: String, to: Timestamp) {
            self.id = id
            self.to = to
        }

        /// The offset at which sending continues in one partition; nil if it keeps its position. It only moves back, so that no waiting
        /// record is skipped.
        /// - Parameters:
        ///   - position: the committed offset, which is sent next.
        ///   - found: the first offset at or after the time; nil if there is none.
        package static func offset(from position: Int64, found: Int64?) -> Int64? {
            guard let found, found < position else { return nil }
            return found
        }
    }

    /// The recipient of the outbox, in upper case.
    package var recipient: PartyID
    /// Whether the outbox is paused: it is neither read nor sent.
    package var isPaused: Bool
    /// The newest rewind; kept after it was carried out (see ``Directory/rewindDone(of:partition:)``).
    package var rewind: Rewind?

    /// - Parameter recipient: stored in upper case.
    package init(recipient: PartyID, isPaused: Bool, rewind: Rewind? = nil) {
        self.recipient = recipient.canonical
        self.isPaused = isPaused
        self.rewind = rewind
    }
}

// MARK: - In ocn.state

extension FactKey {
    /// The key of the order for an outbox.
    package static func outbox(_ recipient: PartyID) -> String { "\(OutboxOrder.kind)/\(recipient.canonical)" }
}

extension Fact {
    /// The operator's order for a recipient's outbox.
    package static func outbox(_ order: OutboxOrder) -> Fact { Fact(order) }
}

extension OutboxOrder: TableFact {
    static let kind = "outbox"
    static var table: WritableKeyPath<DirectoryState, TreeDictionary<PartyID, Self>> { \.operations.orders }
    var indexKey: PartyID { recipient }
    var key: String { FactKey.outbox(recipient) }

    var json: JSONValue {
        .object([
            "recipient": .string(recipient.description), "paused": .bool(isPaused),
            "rewind": rewind.map { ["id": .string($0.id), "to": .string($0.to.description)] },
        ])
    }

    init?(json: JSONValue) {
        guard let recipient = json.party("recipient"), let isPaused = json["paused"]?.bool else { return nil }
        var rewind: Rewind?
        if let wanted = json["rewind"], !wanted.isNull {
            // An incomplete order must not be taken for a complete one.
            guard let id = wanted["id"]?.string, let to = wanted["to"]?.string.flatMap(Timestamp.init(rfc3339:)) else { return nil }
            rewind = Rewind(id: id, to: to)
        }
        self.init(recipient: recipient, isPaused: isPaused, rewind: rewind)
    }
}
