import Kafka

/// How a record ended, once and for all.
enum DeliveryOutcome: Hashable, Sendable {
    /// The recipient has it.
    case delivered
    /// The recipient's answer says that it will never take the copy; it is in `ocn.dead`.
    case dead
    /// The copy cannot be put into a message to the recipient's node, leads to its credentials, cannot be true, or lacks a signature; it is in
    /// `ocn.dead`.
    case unsendable
    /// The copy's horizon passed; it is in `ocn.dead`.
    case expired
    /// The agreement was withdrawn before the copy was sent.
    case withheld
    /// The service reads its own topic.
    case topic
    /// A later announcement about the same URL took its place.
    case replaced
    /// The announcement is not sent, or not sent again, and nothing keeps it.
    case dropped(DropReason)

    /// Whether the recipient has answered, so that there is nothing wrong with it.
    var isAnswer: Bool {
        switch self {
        case .delivered, .dead, .dropped(.rejected): true
        case .unsendable, .expired, .withheld, .topic, .replaced, .dropped: false
        }
    }
}
