import Dispatch
package import Kafka
package import Logging
import Metrics
import Synchronization

/// Follows one compacted, one-partition topic from its beginning and tells how far it got.
///
/// The position advances over a record before anybody tries to understand it: a bad record is counted, and nobody waits for ever
/// behind it. Thread-safe.
package final class TopicFollower: Sendable {
    /// What is done with a batch: runs on the follower's own thread, in log order, `next` is the offset behind the batch.
    package typealias Apply = @Sendable (_ records: [IncomingRecord], _ next: Int64) -> Void

    private let progress: Progress
    private let reader: PartitionReader

    /// - Parameters:
    ///   - kafka: how to reach the cluster.
    ///   - topic: the topic; its partition 0 is followed.
    ///   - logger: where trouble is told.
    ///   - apply: what to do with records.
    package init(kafka: KafkaSettings, topic: String, logger: Logger, apply: @escaping Apply) {
        let progress = Progress()
        self.progress = progress
        reader = PartitionReader(
            kafka, topic: topic, partitions: [0], start: .beginning, logger: logger,
            onBatch: { batch in
                guard let last = batch.last else { return }
                apply(batch, last.offset + 1)
                progress.advance(to: last.offset + 1, atEnd: false)
            },
            onEnd: { _, next in
                apply([], next)
                progress.advance(to: next, atEnd: true)
            },
            onError: { error in logger.error("cannot follow", metadata: ["topic": "\(topic)", "error": "\(error)"]) })
    }

    /// Starts reading.
    package func start() throws(KafkaError) { try reader.start() }

    /// Stops reading; whoever still waits is told `false`.
    package func stop() async {
        await reader.stop()
        progress.close()
    }

    /// The next offset to apply.
    package var position: Int64 { progress.position }

    /// Waits until the topic was read to its end once.
    /// - Returns: whether that happened in time.
    package func ready(timeout: Duration) async -> Bool { await progress.wait(for: nil, timeout: timeout) }

    /// Waits until everything before `offset` is applied.
    /// - Returns: whether that happened in time.
    package func wait(for offset: Int64, timeout: Duration) async -> Bool {
        await progress.wait(for: offset, timeout: timeout)
    }

    /// As ``wait(for:timeout:)``, for threads that may block: never on an event loop or in async code.
    package func waitBlocking(for offset: Int64, timeout: Duration) -> Bool {
        progress.waitBlocking(for: offset, timeout: timeout)
    }

    /// Asks Kafka for the end of the topic and waits until everything before it is applied.
    /// - Returns: whether that happened in time; `false` also if Kafka did not answer.
    package func catchUp(timeout: Duration) async -> Bool {
        let deadline = ContinuousClock.now + timeout
        guard let end = try? await reader.latestOffset(0, timeout: timeout) else { return false }
        return await progress.wait(for: end, timeout: max(.zero, deadline - .now))
    }

    /// As ``catchUp(timeout:)``, for threads that may block.
    package func catchUpBlocking(timeout: Duration) -> Bool {
        let deadline = ContinuousClock.now + timeout
        guard let end = try? reader.endOffset(0, timeout: timeout) else { return false }
        return progress.waitBlocking(for: end, timeout: max(.zero, deadline - .now))
    }
}

/// How far a follower got, and who waits for it to get further.
private final class Progress: Sendable {
    private struct Waiter {
        let offset: Int64?
        let wake: @Sendable (Bool) -> Void
    }
    private struct State {
        var position: Int64 = 0
        var hasReachedEnd = false
        var isClosed = false
        var nextID = 0
        var waiters: [Int: Waiter] = [:]

        func isReached(_ offset: Int64?) -> Bool {
            if let offset { position >= offset } else { hasReachedEnd }
        }
    }
    private let state = Mutex(State())

    var position: Int64 { state.withLock { $0.position } }

    func advance(to position: Int64, atEnd: Bool) {
        let woken = state.withLock { state in
            state.position = max(state.position, position)
            if atEnd { state.hasReachedEnd = true }
            let reached = state.waiters.filter { state.isReached($0.value.offset) }
            for id in reached.keys { state.waiters[id] = nil }
            return reached.values.map(\.wake)
        }
        for wake in woken { wake(true) }
    }

    func close() {
        let woken = state.withLock { state in
            state.isClosed = true
            defer { state.waiters = [:] }
            return state.waiters.values.map(\.wake)
        }
        for wake in woken { wake(false) }
    }

    /// Registers `wake`, to be called once; returns the answer at once if there is one, else the waiter's id.
    private func register(_ offset: Int64?, _ wake: @escaping @Sendable (Bool) -> Void) -> (answer: Bool?, id: Int) {
        state.withLock { state in
            if state.isReached(offset) { return (true, 0) }
            if state.isClosed { return (false, 0) }
            state.nextID += 1
            state.waiters[state.nextID] = Waiter(offset: offset, wake: wake)
            return (nil, state.nextID)
        }
    }

    private func giveUp(_ id: Int) {
        let waiter = state.withLock { $0.waiters.removeValue(forKey: id) }
        waiter?.wake(false)
    }

    func wait(for offset: Int64?, timeout: Duration) async -> Bool {
        if state.withLock({ $0.isReached(offset) }) { return true }
        return await withCheckedContinuation { continuation in
            let (answer, id) = register(offset) { continuation.resume(returning: $0) }
            if let answer {
                continuation.resume(returning: answer)
            } else {
                DispatchQueue.global().asyncAfter(deadline: .now() + timeout.dispatchInterval) { self.giveUp(id) }
            }
        }
    }

    func waitBlocking(for offset: Int64, timeout: Duration) -> Bool {
        if state.withLock({ $0.isReached(offset) }) { return true }
        let semaphore = DispatchSemaphore(value: 0)
        let outcome = WaitOutcome()
        let (answer, id) = register(offset) { result in
            outcome.set(result)
            semaphore.signal()
        }
        if let answer { return answer }
        if semaphore.wait(timeout: .now() + timeout.dispatchInterval) == .timedOut { giveUp(id) }
        return outcome.value
    }
}

/// The answer a blocked thread was woken with.
private final class WaitOutcome: Sendable {
    private let flag = Atomic(false)
    func set(_ value: Bool) { flag.store(value, ordering: .releasing) }
    var value: Bool { flag.load(ordering: .acquiring) }
}

extension Duration {
    /// Rounded down to microseconds, at most an hour: longer waits are nobody's intention here.
    fileprivate var dispatchInterval: DispatchTimeInterval {
        let bounded = min(max(self, .zero), .seconds(3600))
        let (seconds, attoseconds) = bounded.components
        return .microseconds(Int(seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000))
    }
}
