import Encoding
import Instruments
import Kafka
import Logging
import NIOCore
import OCPI
import Synchronization
import Topics

/// The content of `ocn.state`, updated by its follower.
final class StateSnapshot: Sendable {
    /// The state that the follower changes in place; only the follower takes this lock.
    private struct Following {
        var state: DirectoryState
        /// Whether the log is read again: the old content stays in use until its end is reached.
        var isRenewing = false
    }

    private let following: Mutex<Following>
    /// The snapshot for readers, which wait for at most the time of a retain.
    private let published: Mutex<Directory>
    private let secrets: NodeSecrets
    private let clock: KafkaClock
    private let logger: Logger
    /// Throttled, for messages that repeat with each record or each time the log is read.
    private let repeated: ThrottledLog
    private let metrics = StateMetrics()
    private let defects = Mutex(PlatformDefects())

    init(secrets: NodeSecrets, clock: KafkaClock = KafkaClock(), logger: Logger) {
        self.secrets = secrets
        self.clock = clock
        self.logger = logger
        repeated = ThrottledLog(logger)
        let state = DirectoryState(secrets: secrets)
        following = Mutex(Following(state: state))
        published = Mutex(Directory(state))
    }

    var current: Directory { published.withLock { $0 } }

    /// On the follower's thread only.
    func apply(_ step: TopicFollower.Step) {
        switch step {
        case .records(let records, let next):
            let changes = records.compactMap(change)
            let new: Directory? = following.withLock { following in
                following.state.advance(to: next)
                for change in changes { following.state.apply(key: change.key, change.fact) }
                return following.isRenewing ? nil : Directory(following.state)
            }
            if let new { publish(new) }
            defects.withLock { defects in
                for change in changes { defects.note(change.fact) }
            }
            metrics.position.record(next)
        case .end(let next):
            publish(
                following.withLock { following in
                    following.state.advance(to: next)
                    following.isRenewing = false
                    return Directory(following.state)
                })
            metrics.position.record(next)
            tellDefects(current)
        case .restarted:
            logger.error("ocn.state was truncated or created again; the old content stays in use until the new log is read to its end")
            following.withLock { $0 = Following(state: DirectoryState(secrets: secrets), isRenewing: true) }
        }
    }

    /// The older snapshot may have no other reference: it is released outside the lock, because that can take a while.
    private func publish(_ new: Directory) {
        _ = published.withLock { published in
            let old = published
            published = new
            return old
        }
    }

    /// Logs platforms that cannot be called because of this node: their token cannot be decrypted here, or an earlier version accepted
    /// their URLs.
    private func tellDefects(_ directory: Directory) {
        let (unopened, unusable) = defects.withLock { $0.news(in: directory) }
        for platform in unopened {
            repeated.log(
                .error, "unopened",
                "the token of a platform cannot be opened with this node's secret: node.secret must be the same for all processes of a node, "
                    + "and a replaced one stays in node.previous_secrets",
                metadata: ["platform": "\(platform)"])
        }
        for (platform, endpoints) in unusable {
            logger.warning(
                "URLs that a platform registered cannot be called as they stand: their requests are refused until it registers good ones",
                metadata: ["platform": "\(platform)", "endpoints": "\(endpoints)"])
        }
    }

    private func change(_ record: IncomingRecord) -> (key: String, fact: Fact?)? {
        guard let key = record.key else { return nil }
        guard let value = record.value, value.readableBytes > 0 else { return (key, nil) }
        guard let json = try? JSONValue.parse(value), let fact = Fact(key: key, json: json) else {
            metrics.unreadable.increment()
            repeated.log(
                .warning, "unreadable", "unreadable record in ocn.state", metadata: ["offset": "\(record.offset)", "record": "\(key)"])
            return nil
        }
        let now = clock.now
        let latest = RecordBounds(now: now).latest
        // Kafka's stamp outlives restarts and compaction; without one, what has no end begins to count when it is first seen.
        let written = record.timestamp > 0 ? min(Timestamp(milliseconds: record.timestamp), latest) : now
        let dated = fact.dated(from: written)
        guard let bounded = dated.bounded(by: latest, written: written) else { return (key, dated) }
        metrics.implausible.increment()
        repeated.log(
            .warning, "future",
            "a record in ocn.state has a time in the future, which is replaced by the present, or an expiry that is too late",
            metadata: ["offset": "\(record.offset)", "record": "\(key)"])
        return (key, bounded)
    }
}
