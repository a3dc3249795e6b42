package import Logging
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

/// What several logs have told lately, so that none of them tells it again.
package final class LogLimiter: Sendable {
    struct Kind: Hashable {
        let level: Logger.Level
        let name: String
    }

    let throttle: Mutex<LogThrottle<Kind>>

    /// - Parameter interval: how long a kind of line is held back after one was shown.
    package init(interval: Duration = .seconds(60)) {
        throttle = Mutex(LogThrottle(interval: interval))
    }
}

/// Where a client and librdkafka behind it log: a broker that goes is told by each client for each connection, request and retry. Shown once,
/// then once a minute with how many more there were. Thread-safe.
package final class ThrottledLog: Sendable {
    let logger: Logger
    private let limiter: LogLimiter

    /// - Parameter limiter: shared by logs that tell of the same trouble.
    package init(_ logger: Logger, _ limiter: LogLimiter = LogLimiter()) {
        self.logger = logger
        self.limiter = limiter
    }

    /// Logs unless a line of this level and kind was logged a moment ago. Below `notice` nothing is held back.
    package func log(_ level: Logger.Level, _ kind: String, _ text: @autoclosure () -> String, metadata: Logger.Metadata = [:]) {
        guard level >= logger.logLevel else { return }
        let kind = LogLimiter.Kind(level: level, name: kind)
        let (ended, isAdmitted) = limiter.throttle.withLock { throttle in
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
    package func tellSuppressed() {
        tell(limiter.throttle.withLock { $0.ended(at: .now) })
    }

    private func tell(_ ended: [(kind: LogLimiter.Kind, suppressed: Int)]) {
        for (kind, count) in ended {
            logger.log(level: kind.level, "\(count) more of these", metadata: ["kind": "\(kind.name)"])
        }
    }
}
