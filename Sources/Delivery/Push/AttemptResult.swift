import Kafka
import NIOCore
import OCPI

/// The result of one delivery attempt.
enum AttemptResult: Sendable {
    case ended(DeliveryOutcome)
    /// The call failed and counts against the recipient. It is repeated after the back-off, and not before `after` if the recipient asked
    /// for that.
    case failed(LastAttempt, after: TimeAmount?)
    /// The recipient's node answered that the recipient is connected but does not support the module. It counts as an attempt but not
    /// against the recipient. It is repeated after the back-off.
    case moduleMissing(LastAttempt)
    /// No call was made: there is no destination, the address is not allowed, or the state was not read far enough. It counts neither as an
    /// attempt nor against the recipient. It is repeated after the back-off.
    case hindered
    /// An operator has paused the outbox. The record is looked at again soon; this does not count against the recipient.
    case postponed
    /// The rate limit of expired copies to `ocn.dead` is used up. This does not count against the recipient.
    case limited(until: NIODeadline)
    /// The record could not be written to `ocn.dead`. The write is repeated after the back-off.
    case deadLetterFailed(DeadLetterRequest)

    /// How the result counts for the recipient's breaker.
    var outcome: Breaker.Outcome {
        switch self {
        case .ended(let ending): ending.isAnswer ? .succeeded : .unused
        case .deadLetterFailed(let deadLetter): deadLetter.ending.isAnswer ? .succeeded : .unused
        // The answer concerns one object: only that object's key queue waits.
        case .failed(let last, _): last.httpStatus == 404 ? .succeeded : .failed
        case .moduleMissing: .succeeded
        case .hindered, .postponed, .limited: .unused
        }
    }
}
