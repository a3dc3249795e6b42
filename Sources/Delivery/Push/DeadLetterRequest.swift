import Kafka
import OCPI

/// Why a record is given up; kept while `ocn.dead` cannot be written.
struct DeadLetterRequest: Sendable, Equatable {
    let cause: String
    let ending: DeliveryOutcome
    /// How often it was tried.
    let attempts: Int
    let last: LastAttempt
}
