import Kafka
import NIOCore
import OCPI

/// What ``ExchangeState`` says is to be done.
enum ExchangeAction: Sendable {
    /// Take it to its event loop and have it admitted there.
    case begin(PendingExchange)
    /// It has a place and a permit: call its recipient.
    case call(PendingExchange)
    /// What failed is to be done again at that time.
    case waitUntil(NIODeadline)
    /// - Parameter isRepeat: the answer is that of an earlier request.
    case writeReply(PendingExchange, RecipientResponse, isRepeat: Bool)
    /// Its reply says why nothing was sent.
    case refuse(PendingExchange, ExchangeRefusal)
    /// Nothing of the record is held any more: its offset may be committed.
    case finish(PendingExchange)
    /// It was not sent, and its partition is not ours any more: whoever gets the partition next sends it.
    case abandon(PendingExchange)
    /// A commit of this partition is wanted now, for the ``StartIntent`` that goes with it.
    case writeIntent(TopicPartition)
    case pause(TopicPartition)
    case resume(TopicPartition)
    /// Call ``ExchangeState/wake(now:)`` at that time.
    case wake(NIODeadline)
    /// A request waits no longer, whatever becomes of it.
    case waited(TimeAmount, for: ExchangeMetrics.Wait)
    case breaker(PartyID, BreakerTransition)
}
