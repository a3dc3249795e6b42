package import Kafka
package import Logging

/// Follows one compacted, one-partition topic from its beginning and reports its position.
///
/// The position advances over a record before it is parsed: an invalid record is counted, and no waiter blocks behind it. A log that was
/// truncated or created again is read from its beginning; the old content stays in use until its end is reached. Thread-safe.
package final class TopicFollower: Sendable {
    /// An event of the follower, in log order.
    package enum Step: Sendable {
        /// The next records; `next` is the offset after them.
        case records([IncomingRecord], next: Int64)
        /// Every record before `next` has been reported. Sent each time the end is reached.
        case end(next: Int64)
        /// The log has changed and is read again from its beginning: the new content must be collected separately and used from the next
        /// `end` on.
        case restarted
    }

    /// Handles an event, on the follower's own thread.
    package typealias Apply = @Sendable (Step) -> Void

    private let topic: String
    private let progress: FollowerProgress
    private let reader: FollowerReader
    private let ownsReader: Bool

    /// - Parameters:
    ///   - kafka: the cluster's settings.
    ///   - topic: the topic; its partition 0 is followed.
    ///   - logger: receives failures.
    ///   - apply: handles events.
    package convenience init(kafka: KafkaSettings, topic: String, logger: Logger, apply: @escaping Apply) {
        self.init(FollowerReader(kafka: kafka, topics: [topic], logger: logger), topic: topic, ownsReader: true, apply: apply)
    }

    /// - Parameters:
    ///   - reader: started and stopped by the caller unless this follower owns it.
    ///   - topic: one of the reader's topics.
    ///   - apply: handles events.
    init(_ reader: FollowerReader, topic: String, ownsReader: Bool = false, apply: @escaping Apply) {
        let progress = FollowerProgress()
        self.progress = progress
        self.topic = topic
        self.reader = reader
        self.ownsReader = ownsReader
        reader.attach(
            topic,
            .init(
                onBatch: { batch in
                    guard let last = batch.last else { return }
                    apply(.records(batch, next: last.offset + 1))
                    progress.advance(to: last.offset + 1, atEnd: false)
                },
                onEnd: { next in
                    apply(.end(next: next))
                    progress.advance(to: next, atEnd: true)
                },
                onRestart: {
                    // First the position, so that records that are still being collected do not count as applied.
                    progress.restart()
                    apply(.restarted)
                }))
    }

    /// Starts reading, after querying the topic's first offset. A shared reader is started by its owner.
    package func start() async throws(KafkaError) {
        if ownsReader { try await reader.start() }
    }

    /// Stops reading; remaining waiters get `false`. A shared reader is stopped by its owner.
    package func stop() async {
        if ownsReader { await reader.stop() }
        progress.close()
    }

    /// The next offset to apply; 0 while a log that was created again is read.
    package var position: Int64 { progress.position }

    /// Waits until the topic was read to its end once.
    /// - Returns: whether that happened in time.
    package func ready(timeout: Duration) async -> Bool { await progress.wait(for: nil, timeout: timeout) }

    /// Waits until every record before `offset` is applied. An offset of an earlier log may never be reached after the log was created
    /// again.
    /// - Returns: whether that happened in time.
    package func wait(for offset: Int64, timeout: Duration) async -> Bool {
        await progress.wait(for: offset, timeout: timeout)
    }

    /// The present position; take it before a write.
    var mark: FollowerProgress.Mark { progress.mark }

    /// Like ``wait(for:timeout:)``, for an offset that Kafka reported after `mark` was taken: a lower offset than the mark belongs to a log
    /// that was created again, and is waited for there.
    func wait(for offset: Int64, since mark: FollowerProgress.Mark, timeout: Duration) async -> Bool {
        await progress.wait(for: offset, since: mark, timeout: timeout)
    }

    /// Queries the end of the topic and waits until every record before it is applied.
    /// - Returns: whether that happened in time; `false` also if Kafka did not answer.
    package func catchUp(timeout: Duration) async -> Bool {
        let deadline = ContinuousClock.now + timeout
        let mark = progress.mark
        guard let end = try? await reader.latestOffset(of: topic, timeout: timeout) else { return false }
        return await progress.wait(for: end, since: mark, timeout: max(.zero, deadline - .now))
    }

    /// Like ``catchUp(timeout:)``, for threads that may block: never on an event loop or in async code.
    package func catchUpBlocking(timeout: Duration) -> Bool {
        let deadline = ContinuousClock.now + timeout
        let mark = progress.mark
        guard let end = try? reader.endOffset(of: topic, timeout: timeout) else { return false }
        return progress.waitBlocking(for: end, since: mark, timeout: max(.zero, deadline - .now))
    }
}
