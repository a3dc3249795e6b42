import Topics

/// The stage of a request that may be called. Requests that still wait for a ``StartIntent`` are held by ``StartIntents``.
enum ExchangeStage: Sendable {
    /// On its way to its event loop, for admission.
    case begun
    /// Waits for a place among the calls to its recipient.
    case waitsForPlace(IdempotencyKey?)
    /// Has a place and waits for the answer to the request that it repeats.
    case waitsForAnswer
    /// Has a place; the call runs or is about to start.
    case calling(Call)
    /// Its answer is known and is being written to Kafka.
    case replying(Reply)

    /// A request that holds a permit to call its recipient.
    struct Call: Sendable {
        /// The key under which repeats wait for the answer; nil if repeats are not detected.
        let key: IdempotencyKey?
        let permit: Breaker.Permit
        /// The number of the attempt.
        var tries = 1
        /// What the last attempt means for the recipient's breaker.
        var outcome = Breaker.Outcome.unused
    }

    /// A request whose answer is known.
    struct Reply: Sendable {
        /// Nil if the request was answered without a place.
        let place: Place?
        /// The number of the attempt to write the reply.
        var tries = 1
    }

    /// What the request returns when its reply is written: a place among the calls, and the permit if there was a call.
    struct Place: Sendable {
        var permit: Breaker.Permit?
        var outcome = Breaker.Outcome.unused
    }
}
