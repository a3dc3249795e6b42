package import Kafka
package import Logging
import Metrics
import NIOCore
import Synchronization
package import Topics
import Wire

/// This process's copy of `ocn.state`, always a little behind Kafka and saying by how much.
///
/// Every role has one. Readers take ``directory`` and keep it for the length of one request or batch. Thread-safe.
package final class StateStore: Sendable {
    private let snapshot: Snapshot
    private let follower: TopicFollower

    /// - Parameters:
    ///   - kafka: how to reach the cluster.
    ///   - topics: the node's topics.
    ///   - secrets: opens the tokens we call platforms with.
    ///   - logger: where trouble is told.
    package init(kafka: KafkaSettings, topics: TopicNames, secrets: NodeSecrets, logger: Logger) {
        let snapshot = Snapshot(Directory(secrets: secrets), logger: logger)
        self.snapshot = snapshot
        follower = TopicFollower(kafka: kafka, topic: topics.state, logger: logger) { records, next in snapshot.apply(records, next) }
    }

    /// Starts following.
    package func start() throws(KafkaError) { try follower.start() }

    /// Stops following; the last snapshot stays readable.
    package func stop() async { await follower.stop() }

    /// The newest snapshot.
    package var directory: Directory { snapshot.current }

    /// Waits until `ocn.state` was read to its end once: before that, a party that is missing may only not have been read yet.
    package func ready(timeout: Duration) async -> Bool { await follower.ready(timeout: timeout) }

    /// Waits until everything before `version` is applied.
    package func wait(for version: Int64, timeout: Duration) async -> Bool { await follower.wait(for: version, timeout: timeout) }

    /// As ``wait(for:timeout:)``, for threads that may block.
    package func waitBlocking(for version: Int64, timeout: Duration) -> Bool {
        follower.waitBlocking(for: version, timeout: timeout)
    }

    /// Applies everything that Kafka has acknowledged by now; `false` if that could not be done in time.
    package func catchUp(timeout: Duration) async -> Bool { await follower.catchUp(timeout: timeout) }

    /// As ``catchUp(timeout:)``, for threads that may block.
    package func catchUpBlocking(timeout: Duration) -> Bool { follower.catchUpBlocking(timeout: timeout) }
}

private final class Snapshot: Sendable {
    private let directory: Mutex<Directory>
    private let logger: Logger
    private let unreadable = Counter(label: "ocn_state_unreadable_records_total")
    private let position = Gauge(label: "ocn_state_position")

    init(_ directory: Directory, logger: Logger) {
        self.directory = Mutex(directory)
        self.logger = logger
    }

    var current: Directory { directory.withLock { $0 } }

    /// Only the follower's thread calls this, so that the copy made here is the newest.
    func apply(_ records: [IncomingRecord], _ next: Int64) {
        var directory = current
        directory.advance(to: next)
        for record in records {
            guard let key = record.key else { continue }
            guard let value = record.value, value.readableBytes > 0 else {
                directory.apply(key: key, nil)
                continue
            }
            guard let json = try? JSONValue.parse(value), let fact = Fact(key: key, json: json), fact.key == key else {
                unreadable.increment()
                logger.warning("unreadable record in ocn.state", metadata: ["offset": "\(record.offset)", "record": "\(key)"])
                continue
            }
            directory.apply(key: key, fact)
        }
        position.record(next)
        self.directory.withLock { $0 = directory }
    }
}
