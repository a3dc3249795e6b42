package import Logging
import Synchronization

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
