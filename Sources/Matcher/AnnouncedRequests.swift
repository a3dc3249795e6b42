import Kafka
import NIOCore
import Topics

/// Which requests were announced lately, so that one that comes again is not announced again. A value without lock or clock.
///
/// The worker that owns a request's partition sees its repeats too (``IdempotencyKey``). What an earlier owner has announced is not known here.
struct AnnouncedRequests: Sendable {
    private struct Place: Sendable, Equatable {
        let partition: TopicPartition
        let offset: Int64
    }

    private var places: RecentRequests<Place>

    /// - Parameter requests: how many are remembered.
    init(requests: Int = 100_000) {
        // Twice as long as answers are remembered. What waited here for its turn may have been accepted so much earlier, and is brought to
        // its recipient no longer than that after it was accepted.
        places = RecentRequests(.init(requests: requests, window: TimeAmount(IdempotencyKey.window) * 2, perAccount: 4))
    }

    /// Whether another record has brought this request. The first one never repeats itself: it comes again where its partition was given up
    /// before all that follows from it was written.
    /// - Parameter account: the platform or node that sent it.
    mutating func isRepeated(_ request: RequestRecord, in record: IncomingRecord, of account: String, now: NIODeadline) -> Bool {
        guard let key = IdempotencyKey(request) else { return false }
        let place = Place(partition: record.topicPartition, offset: record.offset)
        if let first = places.memory(of: key, now: now) { return first != place }
        places.remember(place, bytes: 0, of: account, as: key, now: now)
        return false
    }
}
