import Instruments
import Kafka
import Logging
import NIOCore
import OCPI
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
    private let unusable = Mutex(UnusableEndpoints())

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
                changes.forEach { tellUnopened($0.fact, directory) }
            }
            directory.withLock { $0 = new }
            unusable.withLock { unusable in
                for case .endpoints(let platform, _) in changes.compactMap(\.fact) { unusable.unread.insert(platform) }
            }
            metrics.position.record(next)
        case .end(let next):
            directory.withLock { directory in
                directory.apply { $0.advance(to: next) }
                directory.complete()
            }
            tellUnusable(current)
            metrics.position.record(next)
        case .restarted:
            logger.error("ocn.state was cut or made anew; what was known stays in use until it is read to its end")
            directory.withLock { $0.restart(from: Directory(secrets: secrets)) }
        }
    }

    /// Calls to a platform fail whose token cannot be opened, and that is not the platform's fault.
    private func tellUnopened(_ fact: Fact?, _ directory: Directory) {
        guard case .platform(let platform) = fact, platform.outboundToken != nil, directory.outboundToken(of: platform.id) == nil else {
            return
        }
        repeated.log(
            .error, "unopened",
            "the token of a platform cannot be opened with this node's secret: node.secret must be the same for all processes of a node, "
                + "and a replaced one stays in node.previous_secrets",
            metadata: ["platform": "\(platform.id)"])
    }

    /// What an earlier version took and this one cannot call is told once, by what stands there at the end, for older records may be there too.
    private func tellUnusable(_ directory: Directory) {
        for (platform, endpoints) in unusable.withLock({ $0.news(in: directory) }) {
            logger.warning(
                "URLs that a platform registered cannot be called as they stand: their requests are refused until it registers good ones",
                metadata: ["platform": "\(platform)", "endpoints": "\(endpoints)"])
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
        guard let bounded = fact.bounded(by: RecordBounds(now: clock.now).latest) else { return (key, fact) }
        metrics.implausible.increment()
        repeated.log(
            .warning, "future", "a record in ocn.state has a time in the future, which is taken for now",
            metadata: ["offset": "\(record.offset)", "record": "\(key)"])
        return (key, bounded)
    }
}

/// The endpoints in the shared state that cannot be called.
private struct UnusableEndpoints: Sendable {
    /// Platforms whose endpoints were not looked at since they were read.
    var unread: Set<String> = []
    private var told: Set<String> = []

    /// What is to be told: platforms, and which of their modules have what wrong with them. Never a URL, which may hold a token.
    mutating func news(in directory: Directory) -> [(platform: String, endpoints: String)] {
        defer { unread = [] }
        return unread.sorted().compactMap { platform in
            let defects = directory.endpoints(of: platform).compactMap { endpoint in
                URLJoin.defect(of: endpoint.url).map { "\(endpoint.module) (\(endpoint.interface.path)) \($0)" }
            }
            guard !defects.isEmpty else {
                told.remove(platform)
                return nil
            }
            guard told.insert(platform).inserted else { return nil }
            let more = defects.count > 8 ? "; and \(defects.count - 8) more" : ""
            return (platform, defects.prefix(8).joined(separator: "; ") + more)
        }
    }
}
