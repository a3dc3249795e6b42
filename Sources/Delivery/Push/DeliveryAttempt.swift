import Kafka
import OCPI

/// A record to be sent now, or to be written to `ocn.dead` now if `deadLetter` is set.
struct DeliveryAttempt<Payload: Sendable>: Sendable {
    let pending: PendingRecord<Payload>
    /// The number of attempts that were made before.
    let attempts: Int
    let last: LastAttempt
    let deadLetter: DeadLetterRequest?
    /// The breaker's permit to call the recipient; nil for a dead letter.
    let permit: Breaker.Permit?
}
