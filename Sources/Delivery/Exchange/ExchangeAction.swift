import Kafka
import NIOCore
import OCPI

/// An action that ``ExchangeState`` requests.
enum ExchangeAction: Sendable {
    /// Hand the request to its event loop for admission.
    case begin(PendingExchange)
    /// The request has a place and a permit: call its recipient.
    case call(PendingExchange)
    /// Repeat the failed step at that time.
    case waitUntil(NIODeadline)
    /// - Parameter isRepeat: the answer is that of an earlier request.
    case writeReply(PendingExchange, RecipientResponse, isRepeat: Bool)
    /// Answer the request with the reason why it was not sent.
    case refuse(PendingExchange, ExchangeRefusal)
    /// Nothing of the record is held any more, so its offset may be committed.
    case finish(PendingExchange)
    /// The request was not sent and its partition was revoked: the next owner of the partition sends it.
    case abandon(PendingExchange)
    /// Commit this partition now, together with its ``StartIntent``.
    case writeIntent(TopicPartition)
    case pause(TopicPartition)
    case resume(TopicPartition)
    /// Call ``ExchangeState/wake(now:)`` at that time.
    case wake(NIODeadline)
    /// The wait of a request has ended, with any result.
    case waited(TimeAmount, for: ExchangeMetrics.Wait)
    case breaker(PartyID, BreakerTransition)
}
