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

/// What an announcement says of which URL.
struct Supersession: Sendable, Equatable {
    /// Path and query below the recipient's endpoint, in one spelling.
    let place: String
    /// PUT and DELETE: whatever was written there before does not matter any more.
    let isWhole: Bool

    /// Whether the recipient need not be told `earlier` if it is told this next.
    func replaces(_ earlier: Supersession?) -> Bool { isWhole && earlier?.place == place }
}

/// What is known of the last attempt.
struct LastAttempt: Sendable, Equatable {
    var httpStatus: Int?
    var status: Int?
}

/// Why a record is given up; kept while `ocn.dead` cannot be written.
struct DeadLetterRequest: Sendable, Equatable {
    let cause: String
    let ending: DeliveryOutcome
    /// How often it was tried.
    let attempts: Int
    let last: LastAttempt
}

/// A record to be sent now, or buried now if `deadLetter` says so.
struct DeliveryAttempt<Payload: Sendable>: Sendable {
    let pending: PendingRecord<Payload>
    /// How often it was tried before.
    let attempts: Int
    let last: LastAttempt
    let deadLetter: DeadLetterRequest?
    /// To call the recipient; nil if there is only something to bury.
    let permit: Breaker.Permit?
}

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

/// Why an announcement is given up.
enum DropReason: String, Hashable, Sendable, CaseIterable {
    /// Its horizon passed.
    case expired
    /// The recipient is not connected; nothing is replayed when it comes back.
    case notConnected = "not_connected"
    /// The recipient has no such endpoint, or the node has no URL.
    case noDestination = "no_destination"
    /// The recipient will never take it.
    case rejected
    /// The recipient's OcnRules want signatures, and it has none.
    case unsigned
    /// The recipient lets too much wait.
    case overQuota
    /// Its URL or its headers are longer than we send, or its time or state version cannot be true.
    case unsendable
}

/// What came of an errand.
enum AttemptResult: Sendable {
    case ended(DeliveryOutcome)
    /// The recipient was called, and it counts against it: again after the back-off, and not before `after` if it asked for that.
    case failed(LastAttempt, after: TimeAmount?)
    /// The recipient's node was called, and says that the recipient is there and lacks what it is to be called for: an attempt, which says
    /// nothing against the recipient. Again after the back-off.
    case lacking(LastAttempt)
    /// No call could be made: there is nowhere to send to, the address is not allowed, or the state was not read far enough. Again after
    /// the back-off; says nothing about the recipient, and counts as no attempt.
    case hindered
    /// An operator has paused the outbox: look again soon. Says nothing about the recipient.
    case postponed
    /// `ocn.dead` has had its share for now. Says nothing about the recipient.
    case limited(until: NIODeadline)
    /// `ocn.dead` could not be written; try that again after the back-off.
    case deadLetterFailed(DeadLetterRequest)

    /// What it says about the recipient.
    var outcome: Breaker.Outcome {
        switch self {
        case .ended(let ending): ending.isAnswer ? .succeeded : .unused
        case .deadLetterFailed(let deadLetter): deadLetter.ending.isAnswer ? .succeeded : .unused
        // Such an answer is about one object; that object's lane waits, and the others go on.
        case .failed(let last, _): last.httpStatus == 404 ? .succeeded : .failed
        case .lacking: .succeeded
        case .hindered, .postponed, .limited: .unused
        }
    }
}
