package import Kafka
package import Logging
package import Topics

/// This process's copy of `ocn.state`, which lags slightly behind Kafka and reports its version.
///
/// Every role has one. Readers take ``directory`` and keep it for one request or batch. Thread-safe.
package final class StateStore: Sendable {
    private let snapshot: StateSnapshot
    private let follower: TopicFollower
    /// The clock against which times in records are checked.
    package let clock: KafkaClock

    /// - Parameters:
    ///   - kafka: the cluster's settings.
    ///   - topics: the node's topics.
    ///   - secrets: decrypts the tokens with which this node calls platforms.
    ///   - logger: receives failures.
    package init(kafka: KafkaSettings, topics: TopicNames, secrets: NodeSecrets, logger: Logger) {
        let clock = KafkaClock()
        let snapshot = StateSnapshot(secrets: secrets, clock: clock, logger: logger)
        (self.clock, self.snapshot) = (clock, snapshot)
        follower = TopicFollower(kafka: kafka, topic: topics.state, logger: logger) { snapshot.apply($0) }
    }

    /// A store on a reader that also reads other topics; its owner starts and stops it.
    package init(_ reader: FollowerReader, topics: TopicNames, secrets: NodeSecrets, logger: Logger) {
        let clock = KafkaClock()
        let snapshot = StateSnapshot(secrets: secrets, clock: clock, logger: logger)
        (self.clock, self.snapshot) = (clock, snapshot)
        follower = TopicFollower(reader, topic: topics.state) { snapshot.apply($0) }
    }

    /// Starts following.
    package func start() async throws(KafkaError) { try await follower.start() }

    /// Stops following; the last snapshot stays readable.
    package func stop() async { await follower.stop() }

    /// The newest snapshot.
    package var directory: Directory { snapshot.current }

    /// Waits until `ocn.state` was read to its end once: before that, a missing party may merely not have been read yet.
    package func ready(timeout: Duration) async -> Bool { await follower.ready(timeout: timeout) }

    /// Waits until everything before `version` is applied.
    package func wait(for version: Int64, timeout: Duration) async -> Bool { await follower.wait(for: version, timeout: timeout) }

    /// The present position; take it before a write.
    var mark: FollowerProgress.Mark { follower.mark }

    /// Waits until a write after `mark` is applied.
    func wait(for version: Int64, since mark: FollowerProgress.Mark, timeout: Duration) async -> Bool {
        await follower.wait(for: version, since: mark, timeout: timeout)
    }

    /// The bounds of plausible values in records that were read before this call.
    /// - Parameters:
    ///   - version: the highest version that one of them claims. Kafka is queried for the end of `ocn.state` only if this store has not
    ///     applied it. An answer after the timeout does no harm: the records are then checked against the known end, like records that
    ///     arrived a moment earlier.
    ///   - timeout: how long the thread may block.
    package func bounds(reaching version: Int64, timeout: Duration) -> RecordBounds {
        let isEndKnown = directory.version < version && catchUpBlocking(timeout: timeout)
        return RecordBounds(now: clock.now, stateEnd: isEndKnown ? directory.version : nil)
    }

    /// Applies all records that Kafka has acknowledged so far; `false` if that could not be done in time.
    package func catchUp(timeout: Duration) async -> Bool { await follower.catchUp(timeout: timeout) }

    /// Like ``catchUp(timeout:)``, for threads that may block.
    package func catchUpBlocking(timeout: Duration) -> Bool { follower.catchUpBlocking(timeout: timeout) }
}
