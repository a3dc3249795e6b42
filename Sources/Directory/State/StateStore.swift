package import Kafka
package import Logging
package import Topics

/// This process's copy of `ocn.state`, always a little behind Kafka and saying by how much.
///
/// Every role has one. Readers take ``directory`` and keep it for the length of one request or batch. Thread-safe.
package final class StateStore: Sendable {
    private let snapshot: StateSnapshot
    private let follower: TopicFollower
    /// What times of records are judged by.
    package let clock: KafkaClock

    /// - Parameters:
    ///   - kafka: how to reach the cluster.
    ///   - topics: the node's topics.
    ///   - secrets: opens the tokens we call platforms with.
    ///   - logger: where trouble is told.
    package init(kafka: KafkaSettings, topics: TopicNames, secrets: NodeSecrets, logger: Logger) {
        let clock = KafkaClock()
        let snapshot = StateSnapshot(secrets: secrets, clock: clock, logger: logger)
        (self.clock, self.snapshot) = (clock, snapshot)
        follower = TopicFollower(kafka: kafka, topic: topics.state, logger: logger) { snapshot.apply($0) }
    }

    /// On a reader that also reads other topics; its owner starts and stops it.
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

    /// Waits until `ocn.state` was read to its end once: before that, a party that is missing may only not have been read yet.
    package func ready(timeout: Duration) async -> Bool { await follower.ready(timeout: timeout) }

    /// Waits until everything before `version` is applied.
    package func wait(for version: Int64, timeout: Duration) async -> Bool { await follower.wait(for: version, timeout: timeout) }

    /// Where this store stands now, to be taken before something is written.
    var mark: FollowerProgress.Mark { follower.mark }

    /// Waits until what was written behind `mark` is applied.
    func wait(for version: Int64, since mark: FollowerProgress.Mark, timeout: Duration) async -> Bool {
        await follower.wait(for: version, since: mark, timeout: timeout)
    }

    /// What records can be true that were read before this is called.
    /// - Parameters:
    ///   - version: the most that one of them claims. Only if this store has not applied as much Kafka is asked where `ocn.state` ends. Too late
    ///     is no harm: they are then judged by what is known, as any record is that came a moment earlier.
    ///   - timeout: how long the thread may block.
    package func bounds(reaching version: Int64, timeout: Duration) -> RecordBounds {
        let isEndKnown = directory.version < version && catchUpBlocking(timeout: timeout)
        return RecordBounds(now: clock.now, stateEnd: isEndKnown ? directory.version : nil)
    }

    /// Applies everything that Kafka has acknowledged by now; `false` if that could not be done in time.
    package func catchUp(timeout: Duration) async -> Bool { await follower.catchUp(timeout: timeout) }

    /// As ``catchUp(timeout:)``, for threads that may block.
    package func catchUpBlocking(timeout: Duration) -> Bool { follower.catchUpBlocking(timeout: timeout) }
}
