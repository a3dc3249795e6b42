import Kafka
import Logging
import Metrics
import NIOCore
import Synchronization
import Wire

/// What `ocn.state` says, kept up to date by its follower.
final class StateSnapshot: Sendable {
    private let directory: Mutex<Renewable<Directory>>
    private let secrets: NodeSecrets
    private let logger: Logger
    private let unreadable = Counter(label: "ocn_state_unreadable_records_total")
    private let position = Gauge(label: "ocn_state_position")

    init(secrets: NodeSecrets, logger: Logger) {
        self.secrets = secrets
        self.logger = logger
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
            position.record(next)
        case .end(let next):
            directory.withLock { directory in
                directory.apply { $0.advance(to: next) }
                directory.complete()
            }
            position.record(next)
        case .restarted:
            logger.error("ocn.state was cut or made anew; what was known stays in use until it is read to its end")
            directory.withLock { $0.restart(from: Directory(secrets: secrets)) }
        }
    }

    private func change(_ record: IncomingRecord) -> (key: String, fact: Fact?)? {
        guard let key = record.key else { return nil }
        guard let value = record.value, value.readableBytes > 0 else { return (key, nil) }
        guard let json = try? JSONValue.parse(value), let fact = Fact(key: key, json: json), fact.key == key else {
            unreadable.increment()
            logger.warning("unreadable record in ocn.state", metadata: ["offset": "\(record.offset)", "record": "\(key)"])
            return nil
        }
        return (key, fact)
    }
}
