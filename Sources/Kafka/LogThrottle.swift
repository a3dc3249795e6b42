import Logging
import Synchronization

/// Lets one line of a kind through per interval and counts the others. Pure value; the caller brings the time.
struct LogThrottle<Kind: Hashable> {
    private struct Window {
        let end: ContinuousClock.Instant
        var suppressed = 0
    }

    private let interval: Duration
    private var windows: [Kind: Window] = [:]

    init(interval: Duration) {
        self.interval = interval
    }

    /// Whether a line of this kind is to be shown now. To be called after `ended`.
    mutating func admits(_ kind: Kind, at now: ContinuousClock.Instant) -> Bool {
        guard let window = windows[kind], now < window.end else {
            windows[kind] = Window(end: now + interval)
            return true
        }
        windows[kind]?.suppressed += 1
        return false
    }

    /// Kinds of which lines were held back and whose interval is over, with how many; each is told once.
    mutating func ended(at now: ContinuousClock.Instant) -> [(kind: Kind, suppressed: Int)] {
        var ended: [(kind: Kind, suppressed: Int)] = []
        for (kind, window) in windows where window.end <= now {
            windows[kind] = nil
            if window.suppressed > 0 { ended.append((kind, window.suppressed)) }
        }
        return ended
    }
}

/// Where a client and librdkafka behind it log: a broker that goes is told for each connection, request and retry, which nobody wants to
/// read more than once in ten seconds.
final class ThrottledLog: Sendable {
    private struct Kind: Hashable {
        let level: Logger.Level
        let name: String
    }

    let logger: Logger
    private let throttle = Mutex(LogThrottle<Kind>(interval: .seconds(10)))

    init(_ logger: Logger) {
        self.logger = logger
    }

    /// Logs unless a line of this level and kind was logged a moment ago. Below `notice` nothing is held back.
    func log(_ level: Logger.Level, _ kind: String, _ text: @autoclosure () -> String, metadata: Logger.Metadata = [:]) {
        guard level >= logger.logLevel else { return }
        let kind = Kind(level: level, name: kind)
        let (ended, isAdmitted) = throttle.withLock { throttle in
            let now = ContinuousClock.now
            return (throttle.ended(at: now), level < .notice || throttle.admits(kind, at: now))
        }
        tell(ended)
        if isAdmitted { logger.log(level: level, "\(text())", metadata: metadata) }
    }

    /// An error, by its code.
    func log(_ error: KafkaError, metadata: Logger.Metadata = [:]) {
        log(error.isFatal ? .critical : .warning, error.name, "\(error)", metadata: metadata)
    }

    /// To be called now and then: tells how many lines were held back of what has not come again.
    func tellSuppressed() {
        tell(throttle.withLock { $0.ended(at: .now) })
    }

    private func tell(_ ended: [(kind: Kind, suppressed: Int)]) {
        for (kind, count) in ended {
            logger.log(level: kind.level, "\(count) more of these", metadata: ["kind": "\(kind.name)"])
        }
    }
}
