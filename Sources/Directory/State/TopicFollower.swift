package import Kafka
package import Logging

/// Follows one compacted, one-partition topic from its beginning and tells how far it got.
///
/// The position advances over a record before anybody tries to understand it: a bad record is counted, and nobody waits for ever
/// behind it. A log that was cut or made anew is read again from its beginning; what was known stays in use until its end is reached.
/// Thread-safe.
package final class TopicFollower: Sendable {
    /// What the follower tells, in log order.
    package enum Step: Sendable {
        /// These come next; `next` is the offset behind them.
        case records([IncomingRecord], next: Int64)
        /// Everything before `next` has been told. Again each time the end is reached anew.
        case end(next: Int64)
        /// What was told no longer stands in the log, which is told again from its beginning: to be gathered aside and used from the next
        /// `end` on.
        case restarted
    }

    /// What is done with a step: runs on the follower's own thread.
    package typealias Apply = @Sendable (Step) -> Void

    private let topic: String
    private let progress: FollowerProgress
    private let reader: FollowerReader
    private let ownsReader: Bool

    /// - Parameters:
    ///   - kafka: how to reach the cluster.
    ///   - topic: the topic; its partition 0 is followed.
    ///   - logger: where trouble is told.
    ///   - apply: what to do with records.
    package convenience init(kafka: KafkaSettings, topic: String, logger: Logger, apply: @escaping Apply) {
        self.init(FollowerReader(kafka: kafka, topics: [topic], logger: logger), topic: topic, ownsReader: true, apply: apply)
    }

    /// - Parameters:
    ///   - reader: started and stopped by the caller unless this follower owns it.
    ///   - topic: one of the reader's topics.
    ///   - apply: what to do with records.
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
                    // First the position: nobody may take what is not gathered yet for applied.
                    progress.restart()
                    apply(.restarted)
                }))
    }

    /// Starts reading, once Kafka has said where the topic begins. A shared reader is started by its owner.
    package func start() async throws(KafkaError) {
        if ownsReader { try await reader.start() }
    }

    /// Stops reading; whoever still waits is told `false`. A shared reader is stopped by its owner.
    package func stop() async {
        if ownsReader { await reader.stop() }
        progress.close()
    }

    /// The next offset to apply; 0 while a log that was made anew is read again.
    package var position: Int64 { progress.position }

    /// Waits until the topic was read to its end once.
    /// - Returns: whether that happened in time.
    package func ready(timeout: Duration) async -> Bool { await progress.wait(for: nil, timeout: timeout) }

    /// Waits until everything before `offset` is applied. An offset of a log that was made anew since may never be reached.
    /// - Returns: whether that happened in time.
    package func wait(for offset: Int64, timeout: Duration) async -> Bool {
        await progress.wait(for: offset, timeout: timeout)
    }

    /// Where the follower stands now, to be taken before something is written.
    var mark: FollowerProgress.Mark { progress.mark }

    /// As ``wait(for:timeout:)``, for an offset that Kafka gave after `mark` was taken: one that lies before it belongs to a log that was made
    /// anew, and is waited for there.
    func wait(for offset: Int64, since mark: FollowerProgress.Mark, timeout: Duration) async -> Bool {
        await progress.wait(for: offset, since: mark, timeout: timeout)
    }

    /// Asks Kafka for the end of the topic and waits until everything before it is applied.
    /// - Returns: whether that happened in time; `false` also if Kafka did not answer.
    package func catchUp(timeout: Duration) async -> Bool {
        let deadline = ContinuousClock.now + timeout
        let mark = progress.mark
        guard let end = try? await reader.latestOffset(of: topic, timeout: timeout) else { return false }
        return await progress.wait(for: end, since: mark, timeout: max(.zero, deadline - .now))
    }

    /// As ``catchUp(timeout:)``, for threads that may block: never on an event loop or in async code.
    package func catchUpBlocking(timeout: Duration) -> Bool {
        let deadline = ContinuousClock.now + timeout
        let mark = progress.mark
        guard let end = try? reader.endOffset(of: topic, timeout: timeout) else { return false }
        return progress.waitBlocking(for: end, since: mark, timeout: max(.zero, deadline - .now))
    }
}
