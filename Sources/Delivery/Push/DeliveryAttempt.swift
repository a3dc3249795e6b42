import Kafka
import OCPI

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
