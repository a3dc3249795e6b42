import Kafka
import NIOCore
import OCPI

/// The recipient of a record. Limits are counted per recipient.
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

/// One record that is not finished.
struct PendingRecord<Payload: Sendable>: Sendable {
    let partition: TopicPartition
    let offset: Int64
    /// The epoch of the assignment under which it was read.
    let epoch: UInt64
    let recipient: Recipient
    /// The ordering key; nil if the record has no order relative to others.
    let key: String?
    /// What an announcement writes, so that a later one can replace it. Nil for a copy.
    var supersession: Supersession?
    /// The memory that it holds, bytes.
    let bytes: Int
    let payload: Payload
    /// The time at which it was read.
    var readAt = NIODeadline.now()
}
