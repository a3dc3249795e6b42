import Encoding
import HashTreeCollections
package import OCPI

/// The last rewind of a recipient's outbox that was carried out on a partition, by its id.
struct RewindDone: Sendable, Equatable {
    /// A partition of a recipient's outbox.
    struct Place: Hashable, Sendable {
        let recipient: PartyID
        let partition: Int32
    }

    let recipient: PartyID
    let partition: Int32
    let rewindID: String
}

// MARK: - In ocn.state

extension FactKey {
    /// The key of the last rewind that was carried out on a partition of an outbox.
    package static func outboxDone(_ recipient: PartyID, partition: Int32) -> String {
        "\(RewindDone.kind)/\(recipient.canonical)/\(partition)"
    }
}

extension Fact {
    /// The last rewind of a recipient's outbox that was carried out on a partition, by its id.
    package static func outboxDone(_ recipient: PartyID, partition: Int32, rewindID: String) -> Fact {
        Fact(RewindDone(recipient: recipient, partition: partition, rewindID: rewindID))
    }
}

extension RewindDone: TableFact {
    static let kind = "outboxdone"
    static var table: WritableKeyPath<DirectoryState, TreeDictionary<Place, Self>> { \.operations.rewinds }
    var indexKey: Place { Place(recipient: recipient, partition: partition) }
    var key: String { FactKey.outboxDone(recipient, partition: partition) }

    var json: JSONValue {
        [
            "recipient": .string(recipient.canonical.description), "partition": .number(String(partition)), "rewind": .string(rewindID),
        ]
    }

    init?(json: JSONValue) {
        guard let recipient = json.party("recipient"), let partition = json["partition"]?.int.flatMap(Int32.init(exactly:)),
            let rewind = json["rewind"]?.string
        else { return nil }
        self.init(recipient: recipient.canonical, partition: partition, rewindID: rewind)
    }
}
