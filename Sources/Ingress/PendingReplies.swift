import Encoding
import HeapModule
import Instruments
import Kafka
import NIOCore
import Synchronization
import Topics

/// The callers that wait for an answer: each gets exactly one, no later than a sweep after its deadline.
///
/// Bounded in number and bytes, of one sender at most a quarter of all: a request reserves its place before its body is read, whose bytes
/// count as they arrive. Thread-safe; nobody is resumed under the lock.
final class PendingReplies: Sendable {
    /// How waiting ended.
    enum Answer: Sendable {
        case reply(ReplyRecord)
        case deadline
        /// Kafka has taken the request, and nobody else was to answer.
        case produced
        /// Kafka did not take the request.
        case notProduced(KafkaError)
        /// The process is going down; `wasSent` if the request may be in Kafka.
        case stopped(wasSent: Bool)
    }

    private typealias Waiter = CheckedContinuation<Answer, Never>

    private struct Waiting {
        let waiter: Waiter
        let deadline: NIODeadline
        /// Kafka has taken the request.
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

    /// Random per process life; replies to another one are not ours.
    let epoch: UInt64
    private let metrics: IngressMetrics
    private let state: Mutex<State>

    /// - Parameter placesPerSender: nil for a quarter of `maxCount`.
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

    /// Parks the caller, then calls `send`, and returns with whatever answers first.
    /// - Parameters:
    ///   - id: id of the request's record; unique.
    ///   - deadline: when to give up.
    ///   - send: produces the record; called once unless the process is going down.
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

    /// An answer came from Kafka. Late, doubled and foreign ones are counted and dropped.
    func deliver(_ reply: ReplyRecord) {
        guard reply.address.epoch == epoch else { return metrics.unusedReplies.increment(.foreign) }
        guard let waiter = take(reply.requestID) else { return metrics.unusedReplies.increment(.late) }
        waiter.resume(returning: .reply(reply))
    }

    /// Kafka has taken a request that only waited for that. Nothing happens if its deadline came before.
    func produced(_ id: String) { take(id)?.resume(returning: .produced) }

    /// Kafka has taken a request whose reply is still to come.
    func recorded(_ id: String) { state.withLock { $0.waiters[id]?.isRecorded = true } }

    /// Kafka cannot be used any more: who waits for it to take a request would wait in vain.
    func failUnrecorded(_ error: KafkaError) {
        let failed = state.withLock { state in
            let failed = state.waiters.filter { !$0.value.isRecorded }
            for id in failed.keys { state.waiters[id] = nil }
            return failed.values.map(\.waiter)
        }
        metrics.produceFailures.increment(by: failed.count)
        for waiter in failed { waiter.resume(returning: .notProduced(error)) }
    }

    /// Kafka did not take the request. Nothing happens if it was answered meanwhile.
    func fail(_ id: String, _ error: KafkaError) {
        metrics.produceFailures.increment()
        take(id)?.resume(returning: .notProduced(error))
    }

    /// Answers everybody whose deadline has come.
    func sweep(now: NIODeadline) {
        let (expired, used) = state.withLock { state in
            var expired: [Waiter] = []
            while let next = state.due.min, next.at <= now {
                state.due.removeMin()
                if let entry = state.waiters.removeValue(forKey: next.id) { expired.append(entry.waiter) }
            }
            // Deadlines of answered requests stay behind in the heap. Dropped when they are the larger part, so that it stays bounded.
            if state.due.count > 2 * state.waiters.count + 1024 {
                state.due = Heap(state.waiters.map { Due(at: $0.value.deadline, id: $0.key) })
            }
            return (expired, state.room.used)
        }
        for waiter in expired { waiter.resume(returning: .deadline) }
        metrics.record(pending: used.places, bytes: used.bytes)
    }

    /// Answers everybody and takes no more.
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

    /// Requests that hold a place.
    var count: Int { state.withLock { $0.room.used.places } }

    /// Bytes of bodies that are held.
    var bytes: Int { state.withLock { $0.room.used.bytes } }

    /// Deadlines that are kept, also of requests that were answered.
    var deadlines: Int { state.withLock { $0.due.count } }

    private func take(_ id: String) -> Waiter? {
        state.withLock { $0.waiters.removeValue(forKey: id)?.waiter }
    }
}
