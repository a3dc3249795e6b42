import Kafka
import NIOCore
import OCPI

/// Whom records are for; the limits count per recipient.
enum Recipient: Hashable, Sendable, CustomStringConvertible {
    /// A party, in upper case.
    case party(PartyID)
    /// Another node, by its operator address in lower case.
    case node(String)

    var description: String {
        switch self {
        case .party(let party): party.description
        case .node(let operatorAddress): "node \(operatorAddress)"
        }
    }
}

/// One record on its way to its recipient.
struct PendingRecord<Payload: Sendable>: Sendable {
    let partition: TopicPartition
    let offset: Int64
    /// The assignment it was read under.
    let epoch: UInt64
    let recipient: Recipient
    /// The ordering object; nil if nothing else must wait for it.
    let key: String?
    /// What it writes, if it need not arrive whatever happens: an announcement. Nil for a copy.
    var supersession: Supersession?
    /// What it holds in memory, bytes.
    let bytes: Int
    let payload: Payload
    /// When it was read.
    var readAt = NIODeadline.now()
}
