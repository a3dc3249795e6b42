package import Encoding
import HashTreeCollections
package import OCPI

/// What an operator ordered for a recipient's outbox. PUSH carries it out: whoever owns a partition is the only one who can.
package struct OutboxOrder: Sendable, Equatable {
    /// Sending again what was sent since some time.
    package struct Rewind: Sendable, Equatable {
        /// A UUID, new for every order: each partition carries each rewind out once.
        package var id: String
        /// Sending goes on with the first record that Kafka stamped at or after this time. A partition that has none, or has not yet come
        /// as far, stays where it is.
        package var to: Timestamp

        /// - Parameters: as the properties say.
        package init(id: String, to: Timestamp) {
            self.id = id
            self.to = to
        }

        /// Where sending goes on in one partition; nil if it stays where it is. Only ever back: what waits is not passed over.
        /// - Parameters:
        ///   - position: the next offset to be sent by what is committed.
        ///   - found: the first offset at or after the time; nil if there is none.
        package static func offset(from position: Int64, found: Int64?) -> Int64? {
            guard let found, found < position else { return nil }
            return found
        }
    }

    /// Whose outbox, in upper case.
    package var recipient: PartyID
    /// Nothing of this outbox is sent, and it is not read.
    package var isPaused: Bool
    /// The newest rewind; it stands here also when it was carried out (see ``Directory/rewindDone(of:partition:)``).
    package var rewind: Rewind?

    /// - Parameters: as the properties say.
    package init(recipient: PartyID, isPaused: Bool, rewind: Rewind? = nil) {
        self.recipient = recipient.canonical
        self.isPaused = isPaused
        self.rewind = rewind
    }
}

// MARK: - In ocn.state

extension FactKey {
    /// What was ordered for an outbox.
    package static func outbox(_ recipient: PartyID) -> String { "\(OutboxOrder.kind)/\(recipient.canonical)" }
}

extension Fact {
    /// What an operator ordered for a recipient's outbox.
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
            // Half an order must not be taken for a whole one.
            guard let id = wanted["id"]?.string, let to = wanted["to"]?.string.flatMap(Timestamp.init(rfc3339:)) else { return nil }
            rewind = Rewind(id: id, to: to)
        }
        self.init(recipient: recipient, isPaused: isPaused, rewind: rewind)
    }
}
