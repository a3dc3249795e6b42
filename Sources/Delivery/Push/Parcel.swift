import Kafka
import NIOCore
import OCPI

/// One record of an outbox on its way to the recipient.
struct Parcel<Cargo: Sendable>: Sendable {
    let partition: TopicPartition
    let offset: Int64
    /// The assignment it was read under.
    let epoch: UInt64
    let recipient: PartyID
    /// The ordering object; nil if nothing else must wait for it.
    let key: String?
    /// What it holds in memory, bytes.
    let bytes: Int
    let cargo: Cargo
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
enum Ending: String, Sendable, CaseIterable {
    /// The recipient has it.
    case delivered
    /// The recipient will never take it; it is in `ocn.dead`.
    case dead
    /// Its horizon passed; it is in `ocn.dead`.
    case expired
    /// The agreement was withdrawn before it was sent.
    case withheld
    /// The service reads its own topic.
    case topic
}

/// What came of an errand.
enum ErrandResult: Sendable {
    case ended(Ending)
    /// Try again after the back-off, and not before `after` if the recipient asked for that.
    case failed(LastAttempt, after: TimeAmount?)
    /// `ocn.dead` could not be written; try that again after the back-off.
    case unburied(Burial)
}
