package import Logging
import Synchronization

/// The log of a client and its librdkafka. A lost broker is reported by each client for each connection, request and retry, so a line is
/// written once, then once a minute with the number of suppressed ones. Thread-safe.
package final class ThrottledLog: Sendable {
    let logger: Logger
    private let limiter: LogLimiter

    /// - Parameter limiter: shared by logs that report the same faults.
    package init(_ logger: Logger, _ limiter: LogLimiter = LogLimiter()) {
        self.logger = logger
        self.limiter = limiter
    }

    /// Logs unless a line of this level and kind was logged within the interval. Lines below `notice` are never suppressed.
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

    /// Logs an error; its code is the kind of line.
    func log(_ error: KafkaError, metadata: Logger.Metadata = [:]) {
        log(error.isFatal ? .critical : .warning, error.name, "\(error)", metadata: metadata)
    }

    /// Logs how many lines were suppressed since their kind was last logged. Must be called regularly.
    package func tellSuppressed() {
        tell(limiter.throttle.withLock { $0.ended(at: .now) })
    }

    private func tell(_ ended: [(kind: LogLimiter.Kind, suppressed: Int)]) {
        for (kind, count) in ended {
            logger.log(level: kind.level, "\(count) more of these", metadata: ["kind": "\(kind.name)"])
        }
    }
}
