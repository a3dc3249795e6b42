import Kafka

/// The final outcome of a record.
enum DeliveryOutcome: Hashable, Sendable {
    /// The recipient has accepted it.
    case delivered
    /// The recipient has rejected the copy for good; it is in `ocn.dead`.
    case dead
    /// The copy cannot be sent: it does not fit into a message to the recipient's node, is for the credentials module, is implausible, or
    /// lacks a signature that the service requires. It is in `ocn.dead`.
    case unsendable
    /// The copy's horizon passed; it is in `ocn.dead`.
    case expired
    /// The agreement was withdrawn before the copy was sent, so it is not sent.
    case withheld
    /// The service reads its outbox topic itself.
    case topic
    /// A later announcement for the same URL replaced it.
    case replaced
    /// The announcement is given up. It is not kept.
    case dropped(DropReason)

    /// Whether the outcome is based on an answer of the recipient.
    var isAnswer: Bool {
        switch self {
        case .delivered, .dead, .dropped(.rejected): true
        case .unsendable, .expired, .withheld, .topic, .replaced, .dropped: false
        }
    }
}
