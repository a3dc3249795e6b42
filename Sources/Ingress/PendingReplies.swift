import Encoding
import HeapModule
import Instruments
import Kafka
import NIOCore
import Synchronization
import Topics

/// The callers that wait for an answer. Each gets exactly one, at the latest at the first sweep after its deadline.
///
/// The number of requests and the bytes are limited, for one sender to a quarter of the total. A request is counted before its body is
/// read; the bytes of the body count as they arrive. Thread-safe; no continuation is resumed under the lock.
final class PendingReplies: Sendable {
    /// How the wait ended.
    enum Answer: Sendable {
        case reply(ReplyRecord)
        case deadline
        /// Kafka has acknowledged the request, which needs no reply.
        case produced
        /// Kafka did not accept the request.
        case notProduced(KafkaError)
        /// The process is stopping; `wasSent` if the request may be in Kafka.
        case stopped(wasSent: Bool)
    }

    private typealias Waiter = CheckedContinuation<Answer, Never>

    private struct Waiting {
        let waiter: Waiter
        let deadline: NIODeadline
        /// Kafka has acknowledged the request.
        var isRecorded = false
    }

    private struct Due: Comparable {
        let at: NIODeadline
        let id: String

        static func < (left: Due, right: Due) -> Bool { left.at < right.at }
    }

    private struct State {
        var waiters: [String: Waiting] = [:]
        var due = Heap<Due>()
        var room: SharedQuota
        var isStopped = false
    }

    /// A random number per run of the process. Replies with another epoch are not used.
    let epoch: UInt64
    private let metrics: IngressMetrics
    private let state: Mutex<State>

    /// - Parameter placesPerSender: maximum number of requests per sender; nil for a quarter of `maxCount`.
    init(epoch: UInt64, maxCount: Int, maxBytes: Int, placesPerSender: Int? = nil, metrics: IngressMetrics) {
        self.epoch = epoch
        self.metrics = metrics
        let placesPerSender = placesPerSender ?? max(1, maxCount / 4)
        state = Mutex(State(room: SharedQuota(places: maxCount, placesPerClient: placesPerSender, bytes: maxBytes)))
    }

    /// As `SharedQuota.enter`; `false` also when the process is going down.
    func reserve(for sender: String) -> Bool { state.withLock { !$0.isStopped && $0.room.enter(sender) } }

    /// As `SharedQuota.charge`.
    func charge(_ bytes: Int, to sender: String) -> Bool { state.withLock { $0.room.charge(bytes, to: sender) } }

    /// As `SharedQuota.leave`.
    func release(bytes: Int, of sender: String) { state.withLock { $0.room.leave(sender, bytes: bytes) } }

    /// Registers the caller, then calls `send`, and returns the first answer.
    /// - Parameters:
    ///   - id: id of the request's record; unique.
    ///   - deadline: when the wait times out.
    ///   - send: produces the record; called once unless the process is stopping.
    func wait(for id: String, until deadline: NIODeadline, send: () -> Void) async -> Answer {
        await withCheckedContinuation { (waiter: Waiter) in
            let isParked = state.withLock { state in
                guard !state.isStopped, state.waiters[id] == nil else { return false }
                state.waiters[id] = Waiting(waiter: waiter, deadline: deadline)
                state.due.insert(Due(at: deadline, id: id))
                return true
            }
            if isParked { send() } else { waiter.resume(returning: .stopped(wasSent: false)) }
        }
    }

    /// Delivers a reply from Kafka to its caller. Late, repeated and foreign replies are counted and dropped.
    func deliver(_ reply: ReplyRecord) {
        guard reply.address.epoch == epoch else { return metrics.unusedReplies.increment(.foreign) }
        guard let waiter = take(reply.requestID) else { return metrics.unusedReplies.increment(.late) }
        waiter.resume(returning: .reply(reply))
    }

    /// Ends the wait of a request that needs no reply, because Kafka has acknowledged it. No effect after its deadline.
    func produced(_ id: String) { take(id)?.resume(returning: .produced) }

    /// Notes that Kafka has acknowledged a request whose reply is still to come.
    func recorded(_ id: String) { state.withLock { $0.waiters[id]?.isRecorded = true } }

    /// Kafka has become unavailable: ends the waits of all requests that it has not acknowledged.
    func failUnrecorded(_ error: KafkaError) {
        let failed = state.withLock { state in
            let failed = state.waiters.filter { !$0.value.isRecorded }
            for id in failed.keys { state.waiters[id] = nil }
            return failed.values.map(\.waiter)
        }
        metrics.produceFailures.increment(by: failed.count)
        for waiter in failed { waiter.resume(returning: .notProduced(error)) }
    }

    /// Kafka did not accept the request. No effect if it was answered meanwhile.
    func fail(_ id: String, _ error: KafkaError) {
        metrics.produceFailures.increment()
        take(id)?.resume(returning: .notProduced(error))
    }

    /// Ends the waits whose deadline has passed.
    func sweep(now: NIODeadline) {
        let (expired, used) = state.withLock { state in
            var expired: [Waiter] = []
            while let next = state.due.min, next.at <= now {
                state.due.removeMin()
                if let entry = state.waiters.removeValue(forKey: next.id) { expired.append(entry.waiter) }
            }
            // Deadlines of answered requests stay in the heap. They are removed when they are the majority, so that it stays bounded.
            if state.due.count > 2 * state.waiters.count + 1024 {
                state.due = Heap(state.waiters.map { Due(at: $0.value.deadline, id: $0.key) })
            }
            return (expired, state.room.used)
        }
        for waiter in expired { waiter.resume(returning: .deadline) }
        metrics.record(pending: used.places, bytes: used.bytes)
    }

    /// Ends all waits and refuses new ones.
    func stop() {
        let waiters = state.withLock { state in
            state.isStopped = true
            let waiters = state.waiters.values.map(\.waiter)
            state.waiters = [:]
            state.due = Heap()
            return waiters
        }
        for waiter in waiters { waiter.resume(returning: .stopped(wasSent: true)) }
    }

    /// Number of pending requests.
    var count: Int { state.withLock { $0.room.used.places } }

    /// Bytes of bodies that are held.
    var bytes: Int { state.withLock { $0.room.used.bytes } }

    /// Number of deadlines in the heap, including those of answered requests.
    var deadlines: Int { state.withLock { $0.due.count } }

    private func take(_ id: String) -> Waiter? {
        state.withLock { $0.waiters.removeValue(forKey: id)?.waiter }
    }
}
