import Kafka
import NIOCore
import OCPI

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
