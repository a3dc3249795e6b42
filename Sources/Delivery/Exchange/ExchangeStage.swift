import Topics

/// How far a request has come that may be begun. What waits for a ``StartIntent`` before that is with ``StartIntents``.
enum ExchangeStage: Sendable {
    /// It is on its way to its event loop, to be admitted.
    case begun
    /// It waits for a place among the calls to its recipient.
    case waitsForPlace(IdempotencyKey?)
    /// It has a place and waits for the answer to the request that it repeats.
    case waitsForAnswer
    /// It has a place and is called, or about to be.
    case calling(Call)
    /// Its answer is known and on its way to Kafka.
    case replying(Reply)

    /// A request with the right to call its recipient.
    struct Call: Sendable {
        /// Under which its repeats wait for its answer; nil if none are looked after.
        let key: IdempotencyKey?
        let permit: Breaker.Permit
        /// The number of the attempt.
        var tries = 1
        /// What the last attempt says about the recipient.
        var outcome = Breaker.Outcome.unused
    }

    /// A request whose answer is known.
    struct Reply: Sendable {
        /// Nil if it was answered without one.
        let place: Place?
        /// The number of the attempt to write the reply.
        var tries = 1
    }

    /// What it gives back when its reply is written: a place among the calls, and the permit if there was a call.
    struct Place: Sendable {
        var permit: Breaker.Permit?
        var outcome = Breaker.Outcome.unused
    }
}
