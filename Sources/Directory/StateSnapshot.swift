import Instruments
import Kafka
import Logging
import NIOCore
import Synchronization
import Topics
import Wire

/// What `ocn.state` says, kept up to date by its follower.
final class StateSnapshot: Sendable {
    private let directory: Mutex<Renewable<Directory>>
    private let secrets: NodeSecrets
    private let clock: KafkaClock
    private let logger: Logger
    /// For what repeats: with each record, or each time the log is read.
    private let repeated: ThrottledLog
    private let metrics = StateMetrics()
    /// Platforms whose record has come since the log's end was reached last.
    private let unjudged = Mutex<Set<String>>([])

    init(secrets: NodeSecrets, clock: KafkaClock = KafkaClock(), logger: Logger) {
        self.secrets = secrets
        self.clock = clock
        self.logger = logger
        repeated = ThrottledLog(logger)
        directory = Mutex(Renewable(Directory(secrets: secrets)))
    }

    var current: Directory { directory.withLock { $0.current } }

    /// On the follower's thread only.
    func apply(_ step: TopicFollower.Step) {
        switch step {
        case .records(let records, let next):
            // Parsed before the lock is taken, and a copy is changed: readers are never kept waiting.
            let changes = records.compactMap(change)
            var new = directory.withLock { $0 }
            new.apply { directory in
                directory.advance(to: next)
                for change in changes { directory.apply(key: change.key, change.fact) }
            }
            directory.withLock { $0 = new }
            unjudged.withLock { unjudged in
                for case .platform(let platform)? in changes.map(\.fact) { unjudged.insert(platform.id) }
            }
            metrics.position.record(next)
        case .end(let next):
            directory.withLock { directory in
                directory.apply { $0.advance(to: next) }
                directory.complete()
            }
            metrics.position.record(next)
            let platforms = unjudged.withLock { unjudged in
                defer { unjudged = [] }
                return unjudged
            }
            if !platforms.isEmpty { tellUnopened(platforms.sorted(), current) }
        case .restarted:
            logger.error("ocn.state was cut or made anew; what was known stays in use until it is read to its end")
            directory.withLock { $0.restart(from: Directory(secrets: secrets)) }
        }
    }

    /// Calls to a platform fail whose token cannot be opened, and that is not the platform's fault. Only what stands at the log's end is
    /// judged: a token that was replaced since may have been sealed with a secret that was replaced too.
    private func tellUnopened(_ platforms: [String], _ directory: Directory) {
        for id in platforms where directory.platform(id: id)?.outboundToken != nil && directory.outboundToken(of: id) == nil {
            repeated.log(
                .error, "unopened",
                "the token of a platform cannot be opened with this node's secret: node.secret must be the same for all processes of a node, "
                    + "and a replaced one stays in node.previous_secrets",
                metadata: ["platform": "\(id)"])
        }
    }

    private func change(_ record: IncomingRecord) -> (key: String, fact: Fact?)? {
        guard let key = record.key else { return nil }
        guard let value = record.value, value.readableBytes > 0 else { return (key, nil) }
        guard let json = try? JSONValue.parse(value), let fact = Fact(key: key, json: json), fact.key == key else {
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
            .warning, "future", "a record in ocn.state has a time in the future, which is taken for now, or lets somebody in for too long",
            metadata: ["offset": "\(record.offset)", "record": "\(key)"])
        return (key, bounded)
    }
}
