import Kafka
import OCPI

/// The reason for a dead letter. It is kept while `ocn.dead` cannot be written.
struct DeadLetterRequest: Sendable, Equatable {
    let cause: String
    let ending: DeliveryOutcome
    /// The number of attempts that were made.
    let attempts: Int
    let last: LastAttempt
}
