import Kafka
import NIOCore
import Topics

/// The requests that were announced lately, so that a repeat is not announced again. A value without lock or clock.
///
/// The worker that owns a request's partition gets its repeats too (``IdempotencyKey``). Announcements of an earlier owner are not known
/// here.
struct AnnouncedRequests: Sendable {
    private struct Place: Sendable, Equatable {
        let partition: TopicPartition
        let offset: Int64
    }

    private var places: RecentRequests<Place>

    /// - Parameter requests: the most remembered requests.
    init(requests: Int = 100_000) {
        // Twice as long as answers are remembered: a record that waited here may have been accepted that much earlier, and it is delivered
        // no later than that after it was accepted.
        places = RecentRequests(.init(requests: requests, window: TimeAmount(IdempotencyKey.window) * 2, perAccount: 4))
    }

    /// Whether another record has carried this request. The first record is never a repeat of itself: it is read again if its partition was
    /// revoked before all derived records were written.
    /// - Parameter account: the platform or node that sent the request.
    mutating func isRepeated(_ request: RequestRecord, in record: IncomingRecord, of account: String, now: NIODeadline) -> Bool {
        guard let key = IdempotencyKey(request) else { return false }
        let place = Place(partition: record.topicPartition, offset: record.offset)
        if let first = places.memory(of: key, now: now) { return first != place }
        places.remember(place, bytes: 0, of: account, as: key, now: now)
        return false
    }
}
