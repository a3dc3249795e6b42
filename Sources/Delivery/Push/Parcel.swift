import Kafka
import NIOCore
import OCPI

/// Whom records are for; the limits count per recipient.
enum Recipient: Hashable, Sendable {
    /// A party, in upper case.
    case party(PartyID)
    /// Another node, by its operator address in lower case.
    case node(String)
}

/// One record on its way to its recipient.
struct Parcel<Cargo: Sendable>: Sendable {
    let partition: TopicPartition
    let offset: Int64
    /// The assignment it was read under.
    let epoch: UInt64
    let recipient: Recipient
    /// The ordering object; nil if nothing else must wait for it.
    let key: String?
    /// What it writes, if it need not arrive whatever happens: an announcement. Nil for a copy.
    var news: News?
    /// What it holds in memory, bytes.
    let bytes: Int
    let cargo: Cargo
}

/// What an announcement says of which URL.
struct News: Sendable, Equatable {
    /// Path and query below the recipient's endpoint.
    let place: String
    /// PUT and DELETE: whatever was written there before does not matter any more.
    let isWhole: Bool

    /// Whether the recipient need not be told `earlier` if it is told this next.
    func replaces(_ earlier: News?) -> Bool { isWhole && earlier?.place == place }
}

/// What is known of the last attempt.
struct LastAttempt: Sendable, Equatable {
    var httpStatus: Int?
    var status: Int?
}

/// Why a record is given up; kept while `ocn.dead` cannot be written.
struct Burial: Sendable, Equatable {
    let cause: String
    let ending: Ending
    /// How often it was tried.
    let attempts: Int
    let last: LastAttempt
}

/// A record to be sent now, or buried now if `burial` says so.
struct Errand<Cargo: Sendable>: Sendable {
    let parcel: Parcel<Cargo>
    /// How often it was tried before.
    let attempts: Int
    let last: LastAttempt
    let burial: Burial?
}

/// How a record ended, once and for all.
enum Ending: Hashable, Sendable {
    /// The recipient has it.
    case delivered
    /// The recipient will never take the copy; it is in `ocn.dead`.
    case dead
    /// The copy's horizon passed; it is in `ocn.dead`.
    case expired
    /// The agreement was withdrawn before the copy was sent.
    case withheld
    /// The service reads its own topic.
    case topic
    /// A later announcement about the same URL took its place.
    case replaced
    /// The announcement is not sent, or not sent again, and nothing keeps it.
    case dropped(Drop)
}

/// Why an announcement is given up.
enum Drop: String, Hashable, Sendable, CaseIterable {
    /// Its horizon passed.
    case expired
    /// The recipient is not connected; nothing is replayed when it comes back.
    case notConnected = "not_connected"
    /// The recipient has no such endpoint, or the node has no URL.
    case noDestination = "no_destination"
    /// The recipient will never take it.
    case rejected
    /// The recipient lets too much wait.
    case crowded
}

/// What came of an errand.
enum ErrandResult: Sendable {
    case ended(Ending)
    /// Try again after the back-off, and not before `after` if the recipient asked for that.
    case failed(LastAttempt, after: TimeAmount?)
    /// An operator has paused the outbox: look again soon. Says nothing about the recipient.
    case postponed
    /// `ocn.dead` could not be written; try that again after the back-off.
    case unburied(Burial)
}
